/* The same roles over libham, through nothing but the API of RFC 7046, Appendix A. */
#include <ham.h>

#include "transport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define URI_SIZE 160

static int msock = -1;
static char (*send_uris)[URI_SIZE];
static const char *name, *credentials;
static int poll_first;

static void group_uri(char *uri, const struct group_range *range, unsigned nth) {
    unsigned char address[16];
    char text[INET6_ADDRSTRLEN];
    if (name) {
        if (nth > 0 || snprintf(uri, URI_SIZE, "%s:%u%s", name, range->port, credentials) >= URI_SIZE) {
            errno = EINVAL;
            fail(name);
        }
        return;
    }
    group_address(range, nth, address);
    if (!inet_ntop(range->family, address, text, sizeof text))
        fail("inet_ntop");
    snprintf(uri, URI_SIZE, range->family == AF_INET ? "ham:ip:%s:%u" : "ham:ip:[%s]:%u", text, range->port);
}

static void on_event(int type, uint32_t iface, const char *uri) {
    (void)type, (void)iface, (void)uri;
}

/* On a multicast socket of its own, so that the measured one is the same. */
static void watch(const uint32_t *ifs, unsigned num_ifs) {
    int other;
    size_t count;
    GroupSet *groups;
    if (createMSocket(&other, num_ifs, ifs) != 0 || join(other, "ham:opaque:watched@libham") != 0)
        fail("a group that is told");
    if (registerEventCallback(on_event) != 0 || enableEvents() != 0 || groupSet(ifs[0], &count, &groups) != 0)
        fail("enableEvents");
    free(groups);
}

void transport_open(const struct settings *s) {
    uint32_t ifs[MAX_DEVICES];
    for (unsigned i = 0; i < s->num_devices; i++)
        ifs[i] = s->ipv4_only ? HAM_IPV4(s->devices[i]) : s->devices[i];
    if (createMSocket(&msock, s->num_devices, ifs) != 0)
        fail("createMSocket");
    if (s->watching)
        watch(ifs, s->num_devices);
    name = s->name;
    credentials = s->credentials;
    poll_first = s->poll;
    if (s->send.family) {
        send_uris = calloc(s->send.count, sizeof *send_uris);
        if (!send_uris)
            fail("calloc");
        for (unsigned i = 0; i < s->send.count; i++)
            group_uri(send_uris[i], &s->send, i);
    }
    for (unsigned i = 0; i < s->receive.count; i++) {
        char uri[URI_SIZE];
        group_uri(uri, &s->receive, i);
        if (join(msock, uri) != 0)
            fail(uri);
    }
}

int transport_receive_buffer(void) {
    return 0;
}

int transport_send(unsigned nth, const void *message, size_t length) {
    int result = send(msock, send_uris[nth], length, message);
    if (result != 0 && errno != ENOBUFS)
        fail("send");
    return result;
}

long transport_receive(void *buffer, size_t size) {
    int length;
    if (poll_first) {
        struct pollfd wait = {.fd = msock, .events = POLLIN};
        if (poll(&wait, 1, -1) != 1)
            fail("poll");
    }
    length = receive(msock, NULL, size, buffer);
    if (length < 0 && errno != EINTR)
        fail("receive");
    return length;
}
