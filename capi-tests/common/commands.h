/* How the peers of the tests read their commands. */
#ifndef HAM_TEST_COMMANDS_H
#define HAM_TEST_COMMANDS_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Obeys the whole lines of the input that are there, and says after each "done NUMBER", before it "error NUMBER WHY" where obey does
 * not give 0. False at the end of the input. */
static bool commands(int (*obey)(char *line))
{
    static char input[8192];
    static size_t have;
    static int number;
    ssize_t n = read(0, input + have, sizeof input - have - 1);
    char *end;

    if (n <= 0)
        return false;
    have += (size_t)n;
    input[have] = '\0';
    while ((end = strchr(input, '\n')) != NULL) {
        *end = '\0';
        number++;
        if (obey(input) != 0)
            printf("error %d %s\n", number, strerror(errno));
        printf("done %d\n", number);
        have -= (size_t)(end + 1 - input);
        memmove(input, end + 1, have + 1);
    }
    return true;
}

#endif
