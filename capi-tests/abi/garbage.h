/* A table of calls that must fail, each with its errno. */
#ifndef GARBAGE_H
#define GARBAGE_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int checks, faults;

#define FAILS(call, number) \
    do { \
        int got_; \
        errno = 0; \
        got_ = (int)(call); \
        checks++; \
        if (got_ != -1 || errno != (number)) { \
            printf("%s:%d: %s gives %d, errno %d (%s), not -1 and %s\n", __FILE__, __LINE__, #call, got_, errno, \
                   strerror(errno), #number); \
            faults++; \
        } \
    } while (0)

#define GIVES(call, value) \
    do { \
        int got_; \
        errno = EXDEV; \
        got_ = (int)(call); \
        checks++; \
        if (got_ != (int)(value) || errno != EXDEV) { \
            printf("%s:%d: %s gives %d, errno %d (%s), not %s and errno untouched\n", __FILE__, __LINE__, #call, got_, \
                   errno, strerror(errno), #value); \
            faults++; \
        } \
    } while (0)

#define HOLDS(what) \
    do { \
        checks++; \
        if (!(what)) { \
            printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #what); \
            faults++; \
        } \
    } while (0)

#endif
