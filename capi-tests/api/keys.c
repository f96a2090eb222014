/* Keys of the configuration: by name in a URI; a warning when all can read them; an unknown name is EACCES, and told with the
 * file. No key is ever in the log.
 */
#include "test.h"

#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

int main(void)
{
    static char log[8192];
    FILE *file;
    int s, fd;

    begin(20);
    file = fopen("ham.toml", "w");
    CHECK(file != NULL && fputs("[keys.desk]\nalgorithm = \"aes-256-gcm\"\nkey = \"" KEY "\"\n[log]\nlevel = \"warn\"\n", file) >= 0);
    CHECK(fclose(file) == 0 && chmod("ham.toml", 0644) == 0);
    setenv("HAM_CONFIG", "ham.toml", 1);
    unsetenv("HAM_LOG");
    fd = open("log", O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(dup2(fd, 2) == 2);

    s = socket_on("lo");
    OK(join(s, "ham:opaque:news/key;desk"));
    OK(join(s, "ham:opaque:news/aes-256-gcm;" KEY));
    OK(leave(s, "ham:opaque:news"));
    FAILS(join(s, "ham:opaque:news/key;nobody"), EACCES);
    FAILS(join(s, "ham:opaque:news/key;" KEY), EACCES);
    FAILS(send(s, "ham:opaque:news/" KEY ";aes-256-gcm", 1, "x"), EACCES);
    FAILS(srcRegister(s, "ham:opaque:news/aes-256-gcm;" KEY "AA", 0, NULL), EACCES);
    FAILS(join(s, "ham:opaque:news/aes-256-gcm;" KEY " "), EINVAL);
    OK(deleteMSocket(s));

    CHECK(pread(fd, log, sizeof log - 1, 0) > 0);
    CHECK(strstr(log, "chmod o-r ham.toml") != NULL);
    CHECK(strstr(log, "the key \"nobody\" is not in the configuration file ham.toml") != NULL);
    CHECK(strstr(log, "AAECAwQF") == NULL);
    return 0;
}
