/* results/page.css and page.js, embedded by ci/cmake/house.cmake (house_embed). */
#ifndef HOLDFAST_RESULTS_PAGE_FILES_H
#define HOLDFAST_RESULTS_PAGE_FILES_H

#include <stddef.h>

extern const char page_css[];
extern const size_t page_css_size;
extern const char page_css_sha256[]; /* hexadecimal */

extern const char page_js[];
extern const size_t page_js_size;
extern const char page_js_sha256[];

#endif
