/* What a role needs from a multicast API: implemented over BSD sockets in raw.c, over libham in ham.c, over bare Zenoh in zenoh.c. */
#ifndef BENCH_TRANSPORT_H
#define BENCH_TRANSPORT_H

#include <stddef.h>

#define MAX_DEVICES 4
#define MAX_MESSAGE 65507

/* A run of Group Addresses, first, first + 1, ... on one UDP port. */
struct group_range {
    int family;               /* AF_INET, AF_INET6, or 0: none */
    unsigned char first[16];  /* network byte order */
    unsigned short port;
    unsigned count;
};

struct settings {
    unsigned devices[MAX_DEVICES]; /* kernel indices, or Interface ids of libham: send and join on each */
    unsigned num_devices;
    struct group_range send;
    struct group_range receive;
    const char *name;         /* libham only: this Group Name, with the range's port, instead of the addresses */
    const char *credentials;  /* libham only: "", or "/algorithm;credentials" behind the Group Name */
    int ipv4_only;            /* libham only: Interfaces of IPv4 alone (raw sockets are of the range's family) */
    int watching;             /* libham only: with membership events, service calls and a group that presence speaks of */
    int poll;                 /* wait in poll() before each receive */
    int spin;                 /* raw only: busy non-blocking reads (libham takes HAM_SPIN) */
    int receive_buffer;       /* bytes, as HAM_RECEIVE_BUFFER and HAM_SEND_BUFFER */
    int send_buffer;
};

/* The nth address of a range. */
void group_address(const struct group_range *range, unsigned nth, unsigned char address[16]);

/* Prints "role: what: errno" and ends the process. */
void fail(const char *what);

void transport_open(const struct settings *settings);

/* Bytes of receive buffer that are known to be there, 0 when the API cannot tell. */
int transport_receive_buffer(void);

/* Sends to the nth group of settings.send. Returns 0, or -1 when a queue of the system was full (ENOBUFS) and the message is lost. */
int transport_send(unsigned nth, const void *message, size_t length);

/* Returns the length, or -1 when a signal interrupted the wait. */
long transport_receive(void *buffer, size_t size);

#endif
