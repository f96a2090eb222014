/* Malformed Group Names are EINVAL, all groups of a namespace EADDRNOTAVAIL, wrong credentials EACCES: in every function that
 * takes a name, and nothing is joined or sent.
 */
#include "test.h"

static const char *const malformed[] = {
    "", "ham", "ham:", "ham:ip", "ham:ip:", "http://239.1.2.3", "ip:239.1.2.3:5000", "ham::239.1.2.3:5000", "ham:ip::5000",
    "ham:ip:224.1.515:5000", "ham:ip:0xe0010203:5000", "ham:ip:0344.1.2.3:5000", "ham:ip:239.1.2:5000", "ham:ip:239.1.2.3.4:5000",
    "ham:ip:239.1.2.256:5000", "ham:ip:239.1.2.3:", "ham:ip:239.1.2.3:0", "ham:ip:239.1.2.3:65536", "ham:ip:239.1.2.3:99999999999999999999",
    "ham:ip:239.1.2.3:-1", "ham:ip:239.1.2.3:5000x", "ham:ip:239.1.2.3:5000 ", " ham:ip:239.1.2.3:5000", "ham:ip:239.1.2.3@:5000",
    "ham:ip:239.1.2.3@", "ham:ip:239.1.2.3@@1.2.3.4", "ham:ip:10.0.0.1:5000", "ham:ip:[fd00::1]:5000", "ham:ip:[ff15::1:5000",
    "ham:ip:ff15::1:5000", "ham:ip:[ff15:::1]:5000", "ham:ip:[ff15::1%lo]:5000", "ham:ip:232.1.2.3@224.0.0.1:5000",
    "ham:ip:232.1.2.3@[fd00::1]:5000", "ham:ip:[ff35::1]@10.0.0.1:5000", "ham:1p:239.1.2.3", "ham:ip:%zz", "ham:ip:%2", "ham:ip:a%00b",
    "ham:ip:\xff\xfe", "ham:ip:239.1.2.3\n", "ham:opaque:", "ham:opaque:a b", "ham:opaque:a@", "ham:opaque:a\"b", "ham:sha-2:not/base64",
    "ham:ip:239.1.2.3:5000/", "ham:ip:239.1.2.3:5000/alg", "ham:ip:239.1.2.3:5000/alg;", "ham:ip:239.1.2.3:5000/;val"};
static const char *const everything[] = {"ham:ip:*", "ham:ip:*:5000", "ham:opaque:*", "ham:sip:*@cnn.com"};
#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
static const char *const forbidden[] = {
    "ham:ip:239.1.2.3:5000/hmac;abc", ("ham:opaque:news/hmac;" KEY), "ham:opaque:news/aes-256-gcm;abc", ("ham:opaque:news/AES-256-GCM;" KEY),
    ("ham:opaque:news/chacha20-poly1305;" KEY "AA"), "ham:opaque:news/key;nobody", ("ham:ip:239.1.2.3:5000/" KEY ";aes-256-gcm")};
static const char *const others[] = {
    "ham:opaque:news@cnn.com", "ham:sip:news@cnn.com", "ham:opaque:a:4711", "ham:weather+x:tomorrow", ("ham:opaque:news/aes-256-gcm;" KEY)};

static void all(int s, const char *name, int error)
{
    char c;
    bool right = true;

#define TRY(call)                                                                                                          \
    do {                                                                                                                   \
        errno = 0;                                                                                                         \
        if ((call) != -1 || errno != error) {                                                                              \
            fprintf(stderr, #call " with \"%s\": errno %d (%s), wanted %s\n", name, errno, strerror(errno), strerror(error)); \
            right = false;                                                                                                 \
        }                                                                                                                  \
    } while (0)
    TRY(join(s, name));
    TRY(send(s, name, 1, "x"));
    if (error == EINVAL) {
        TRY(leave(s, name));
        TRY(receive(s, name, 1, &c));
        TRY(srcRegister(s, name, 0, NULL));
        TRY(srcDeregister(s, name, 0, NULL));
    }
    CHECK(right);
}

int main(void)
{
    static char longest[1100];
    int s, before;

    begin(30);
    s = socket_on("lo");
    nonblocking(s, true);
    before = open_descriptors();
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++)
        all(s, malformed[i], EINVAL);
    for (size_t i = 0; i < sizeof everything / sizeof *everything; i++)
        all(s, everything[i], EADDRNOTAVAIL);
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
        all(s, forbidden[i], EACCES);
    FAILS(join(s, NULL), EINVAL);
    FAILS(leave(s, NULL), EINVAL);
    FAILS(send(s, NULL, 1, "x"), EINVAL);

    /* The longest name has HAM_URI_MAX - 1 bytes. */
    memcpy(longest, "ham:opaque:", 11);
    memset(longest + 11, 'a', HAM_URI_MAX - 1 - 11);
    longest[HAM_URI_MAX - 1] = 'a';
    all(s, longest, EINVAL);
    CHECK(open_descriptors() == before);

    /* And these are right. */
    longest[HAM_URI_MAX - 1] = '\0';
    OK(join(s, longest));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        OK(join(s, others[i]));
        OK(leave(s, others[i]));
    }
    /* Credentials are no part of the name. */
    OK(join(s, others[sizeof others / sizeof *others - 1]));
    OK(leave(s, "ham:opaque:news"));
    OK(join(s, "ham:ip:239.1.2.3:5000"));
    OK(join(s, "hAm:iP:239.1.2.4:00005000"));
    OK(join(s, "ham:ip:[FF15::1]:65535"));
    OK(join(s, "ham:ip:239.1.2.5"));
    OK(join(s, "ham:ip:224.0.0.251:1"));
    OK(join(s, "ham:ip:%32%33%39.1.2.6:5000"));
    say(s, "ham:ip:239.1.2.6:5000", "same group");
    expect(s, NULL, "same group");
    return 0;
}
