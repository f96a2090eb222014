/* libcurl beside libham. */
#include "coexist.h"
#include <curl/curl.h>

static char page[4096];
static size_t length;

static size_t take(char *data, size_t size, size_t count, void *unused) {
    size_t n = size * count;
    (void)unused;
    if (n > sizeof page - 1 - length)
        return 0;
    memcpy(page + length, data, n);
    length += n;
    return n;
}

void curl_get(const char *url, const char *expected) {
    CURL *curl = curl_easy_init();
    CURLcode code;
    CHECK(curl != NULL);
    length = 0;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
    code = curl_easy_perform(curl);
    if (code != CURLE_OK)
        fprintf(stderr, "libcurl: %s\n", curl_easy_strerror(code));
    CHECK(code == CURLE_OK);
    page[length] = '\0';
    CHECK(strcmp(page, expected) == 0);
    curl_easy_cleanup(curl);
}
