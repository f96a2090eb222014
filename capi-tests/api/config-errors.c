/* An error in the configuration makes createMSocket fail, EINVAL, and the log names file, line and key. */
#include "test.h"

static void refused(const char *text, const char *variable, const char *value, const char *wanted[3])
{
    char log[8192] = "";
    pid_t child = fork();
    FILE *out;
    size_t n;

    if (child == 0) {
        int s = -1, fd = open("log", O_WRONLY | O_CREAT | O_TRUNC, 0600);

        begin(10);
        out = fopen("wrong.toml", "w");
        CHECK(out != NULL && fputs(text, out) >= 0 && fclose(out) == 0);
        setenv("HAM_CONFIG", "wrong.toml", 1);
        setenv("HAM_LOG", "error", 1);
        if (variable != NULL)
            setenv(variable, value, 1);
        CHECK(dup2(fd, 2) == 2);
        FAILS(createMSocket(&s, 0, NULL), EINVAL);
        FAILS(createMSocket(&s, 0, NULL), EINVAL);
        exit(0);
    }
    finished(child);
    out = fopen("log", "r");
    CHECK(out != NULL);
    n = fread(log, 1, sizeof log - 1, out);
    fclose(out);
    log[n] = '\0';
    for (int i = 0; i < 3; i++)
        if (wanted[i] != NULL && strstr(log, wanted[i]) == NULL) {
            fprintf(stderr, "the log does not name \"%s\":\n%s", wanted[i], log);
            exit(1);
        }
}

#define WANTED(...) ((const char *[3]){__VA_ARGS__})

int main(void)
{
    begin(40);
    refused("[ip]\nttl = 300\n", NULL, NULL, WANTED("wrong.toml", "2", "ttl"));
    refused("[ip]\nttl = 3\nport = \"x\"\n", NULL, NULL, WANTED("wrong.toml", "3", "port"));
    refused("\n\n\n[ip]\nport = 0\n", NULL, NULL, WANTED("wrong.toml", "5", "port"));
    refused("[ip]\n\nttl_ = 3\n", NULL, NULL, WANTED("wrong.toml", "3", "ttl_"));
    refused("[ip]\nreceive_buffer = -1\n", NULL, NULL, WANTED("wrong.toml", "2", "receive_buffer"));
    refused("# a comment\n[log]\nlevel = \"loud\"\n", NULL, NULL, WANTED("wrong.toml", "3", "level"));
    refused("[ip\nttl = 1\n", NULL, NULL, WANTED("wrong.toml", "1"));
    refused("[ipx]\n", NULL, NULL, WANTED("wrong.toml", "1", "ipx"));
    refused("", "HAM_TTL", "many", WANTED("HAM_TTL"));
    refused("", "HAM_PORT", "70000", WANTED("HAM_PORT"));
    refused("", "HAM_CONFIG", "/nowhere/ham.toml", WANTED("/nowhere/ham.toml"));
    return 0;
}
