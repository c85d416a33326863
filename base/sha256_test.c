#include "base/test.h"

#include <string.h>

#include "base/sha256.h"

static void expect(const char *text, size_t repeat, const char *wanted)
{
    struct sha256 hash;
    char hex[65];

    sha256_init(&hash);
    for (size_t i = 0; i < repeat; i++)
        sha256_add(&hash, text, strlen(text));
    sha256_finish(&hash, hex);
    cr_assert_str_eq(hex, wanted);
}

/* The examples of FIPS 180-4 (NIST, "Examples with Intermediate Values"). */
Test(sha256, published_examples)
{
    expect("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
           "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    expect("a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
