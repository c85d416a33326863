#include "base/test.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "conformance/catalogue.h"
#include "conformance/expectation.h"
#include "base/text.h"

Test(catalogue, every_row_is_whole_and_unique)
{
    struct error err = {0};

    cr_assert(catalogue_count() > 0);
    cr_assert_eq(catalogue_check(&err), 0, "%s", err.message);
}

Test(catalogue, filters_by_pattern_area_platform_and_severity)
{
    static const char *const patterns[] = {"fs.write-*", NULL};
    const struct probe probe = {
        .id = "fs.write-direct", .severity = SEVERITY_HIGH, .platforms = PLATFORM_LINUX};
    struct catalogue_filter filter = {0};

    cr_assert(catalogue_matches(&filter, &probe), "an empty filter asks for all");
    filter.patterns = patterns;
    cr_assert(catalogue_matches(&filter, &probe));
    filter.area = "net";
    cr_assert(!catalogue_matches(&filter, &probe));
    filter.area = "fs";
    filter.platforms = PLATFORM_WINDOWS;
    cr_assert(!catalogue_matches(&filter, &probe));
    filter.platforms = PLATFORM_WINDOWS | PLATFORM_LINUX;
    filter.at_least = SEVERITY_CRITICAL;
    cr_assert(!catalogue_matches(&filter, &probe));
    filter.at_least = SEVERITY_HIGH;
    cr_assert(catalogue_matches(&filter, &probe));
}

Test(catalogue, the_digest_is_stable_within_a_build)
{
    char one[65];
    char two[65];

    catalogue_digest(one);
    catalogue_digest(two);
    cr_assert_str_eq(one, two);
    cr_assert_eq(strlen(one), 64);
}

static struct expectation_list expectations_of(const char *mode)
{
    struct expectation_list list = {0};
    struct error err = {0};
    char path[512];

    (void)snprintf(path, sizeof path, "%s/conformance/expectations/%s.json", TEST_SOURCE_DIR, mode);
    cr_assert_eq(expectation_list_read(&list, path, &err), 0, "%s", err.message);
    return list;
}

/* A stale entry would excuse a case that nobody runs any more; one of another platform, a case that the
 * mode never sees. */
Test(catalogue, every_expectation_names_a_case_that_its_mode_has)
{
    for (size_t m = 0; m < mode_row_count; m++) {
        struct expectation_list list = expectations_of(mode_rows[m].name);

        cr_assert_str_eq(list.mode, mode_rows[m].name);
        cr_assert_eq(list.unverified == NULL, mode_rows[m].platforms == PLATFORM_LINUX,
                     "%s: only Linux was run", list.mode);
        for (size_t i = 0; i < list.count; i++) {
            const struct expectation *entry = &list.entries[i];
            bool is_known = false;

            for (size_t c = 0; c < catalogue_count(); c++)
                is_known =
                    is_known || ((catalogue_at(c)->platforms & mode_rows[m].platforms) != 0 &&
                                 text_matches(entry->case_pattern, catalogue_at(c)->id));
            cr_assert(is_known, "%s: %s matches no case", list.mode, entry->case_pattern);
            cr_assert_not_null(strstr(entry->source, "https://"), "%s: %s has no link", list.mode,
                               entry->case_pattern);
        }
        expectation_list_done(&list);
    }
}

/* Within a file: what is said twice is said once too often, and the second is never asked. */
Test(catalogue, no_mode_says_two_things_of_a_case)
{
    for (size_t m = 0; m < mode_row_count; m++) {
        struct expectation_list list = expectations_of(mode_rows[m].name);

        for (size_t c = 0; c < catalogue_count(); c++) {
            const struct expectation *always = NULL;

            for (size_t i = 0; i < list.count; i++) {
                const struct expectation *entry = &list.entries[i];

                if (entry->is_borrowed || !text_matches(entry->case_pattern, catalogue_at(c)->id))
                    continue;
                cr_assert_null(always, "%s: %s is said again by %s", list.mode, catalogue_at(c)->id,
                               entry->case_pattern);
                always = expectation_is_limited(entry) ? NULL : entry;
            }
        }
        expectation_list_done(&list);
    }
}
