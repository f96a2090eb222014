/* What the parts of the coexistence test ask of each other; each call ends the test with a message when it finds a fault. */
#ifndef COEXIST_H
#define COEXIST_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(what) \
    do { \
        if (!(what)) { \
            fprintf(stderr, "%s:%d: %s (errno %d, %s)\n", __FILE__, __LINE__, #what, errno, strerror(errno)); \
            exit(1); \
        } \
    } while (0)

#ifdef __cplusplus
extern "C" {
#endif

/* BSD sockets, from a file that has never heard of ham.h. */
void bsd_connection(int fds[2]);
void bsd_exchange(int from, int to);
void bsd_errors(void);
/* Nothing can be read from it. */
void bsd_silence(int fd);

/* An HTTP GET by libcurl. */
void curl_get(const char *url, const char *expected);

#ifdef __cplusplus
}
#endif
#endif
