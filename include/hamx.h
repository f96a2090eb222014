/*
 * hamx.h - libhamx: RFC 7046 under names that begin with ham_, and more
 *
 * Generated from the Rust source by cbindgen; see cbindgen-hamx.toml. Do not edit.
 *
 * Link with `pkg-config --cflags --libs hamx`. libhamx holds the functions of ham.h, each with the prefix ham_ (so that
 * no name meets one of libc), and a few that RFC 7046 does not have. It shares nothing with libham: a multicast
 * socket of one is unknown to the other.
 *
 * SPDX-License-Identifier: Apache-2.0 OR MIT
 */
#ifndef HAMX_H
#define HAMX_H


#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** The version of this header; ham_version() gives the library's. */
#define HAM_VERSION "1.0.0"
#define HAM_VERSION_MAJOR 1
#define HAM_VERSION_MINOR 0
#define HAM_VERSION_PATCH 0
#define HAM_VERSION_NUMBER 10000

/** In the place of a multicast socket for ham_getInterfaces(): every Interface of the host. */
#define HAM_ALL_INTERFACES (-1)

/** The Interface id for one address family only of the device with this kernel index. */
#define HAM_IPV4(index) ((uint32_t)(index) | 0x04000000u)
#define HAM_IPV6(index) ((uint32_t)(index) | 0x06000000u)

/** The string behind `p` in the lists of ham_neighborSet(), ham_childrenSet(), ham_parentSet(). */
#define HAM_NEXT_URI(p) (strchr((p), '\0') + 1)

#ifdef __cplusplus
extern "C" {
#endif

#if !defined(HAM_TYPES)
/** A group and what this node does in it; see ham_groupSet(). */
typedef struct {
    char *group_uri;
    int type;
} GroupSet;

/** What an application gives to ham_registerEventCallback(). */
typedef void (*MembershipEventCallback)(int type, uint32_t iface, const char *group_uri);
#define HAM_TYPES
#endif

/**
 * GroupSet.type: this node listens to the group.
 */
#define HAM_LISTENER 0

/**
 * GroupSet.type: this node is a source of the group.
 */
#define HAM_SENDER 1

/**
 * GroupSet.type: both.
 */
#define HAM_SENDER_LISTENER 2

/**
 * Membership event: a group has its first listener at an Interface.
 */
#define HAM_JOIN_EVENT 0

/**
 * Membership event: the last listener of a group at an Interface has left.
 */
#define HAM_LEAVE_EVENT 1

/**
 * Membership event: a group has a new source at an Interface.
 */
#define HAM_NEW_SOURCE_EVENT 2

/**
 * The size in bytes of a buffer that holds any ham-URI with its NUL.
 */
#define HAM_URI_MAX 1024

/**
 * What ham_receive_from() tells of a message.
 */
struct ham_message {
    /**
     * The joined Group Name that the message came for, in normal form.
     */
    char group_uri[HAM_URI_MAX];
    /**
     * The Interface that it came in by.
     */
    uint32_t iface;
    /**
     * The sender, "ADDRESS:PORT" or "[ADDRESS]:PORT".
     */
    char from[64];
};

/**
 * The properties of an Interface (RFC 7046, section 4.3.1).
 */
struct ham_ifProp {
    /**
     * The Interface id.
     */
    uint32_t if_index;
    /**
     * Its name, such as "eth0".
     */
    char ifName[64];
    /**
     * Its first address in its technology's syntax, such as "192.0.2.1"; empty when it has none.
     */
    char ifAddr[64];
    /**
     * Its technology: "ip" or "overlay".
     */
    char ifTech[16];
    /**
     * The longest packet that it carries, in bytes.
     */
    uint32_t mtu;
};

/**
 * Counters of a multicast socket, from its creation on.
 */
struct ham_statistics {
    /**
     * Messages that were passed to at least one Interface.
     */
    uint64_t sent;
    /**
     * Sends that failed at one Interface, also when another one succeeded.
     */
    uint64_t send_failures;
    /**
     * Messages that were handed to the application.
     */
    uint64_t received;
    /**
     * Messages that the kernel dropped because the receive buffer was full.
     */
    uint64_t dropped_by_kernel;
    /**
     * Messages that the library dropped because its own queue was full.
     */
    uint64_t dropped_by_library;
    /**
     * Joins that failed at one Interface and are retried.
     */
    uint64_t join_failures;
    /**
     * Messages to framed groups that came again, by another Interface or path, and were not handed out again.
     */
    uint64_t duplicates;
    /**
     * Messages to framed groups that have not come, as the gaps between those that have tell.
     */
    uint64_t lost;
    /**
     * Datagrams at framed groups that were no frames of this version, or did not authenticate.
     */
    uint64_t refused;
};

/**
 * Counters of a multicast socket at one of its Interfaces, from their association on.
 */
struct ham_ifStatistics {
    /**
     * Messages that were passed to the Interface.
     */
    uint64_t sent;
    /**
     * Messages that could not be passed to it.
     */
    uint64_t send_failures;
    /**
     * Datagrams that came in by it for groups of the socket: messages, fragments and bundles, duplicates too.
     */
    uint64_t received;
    /**
     * Datagrams that the kernel dropped because the receive buffer was full.
     */
    uint64_t dropped_by_kernel;
};

/**
 * Receives a message and says where it came from
 *
 * As receive() of ham.h, and stores the Group Name, the Interface and the sender of the message in
 * `*info`.
 *
 * # Parameters
 * - `msock`: the multicast socket.
 * - `group_uri`: NULL, or the Group Name of a joined group. It stays the caller's.
 * - `buf_len`: the size of `buf` in bytes.
 * - `buf`: takes the message. May be NULL when `buf_len` is 0.
 * - `info`: takes where it came from. Nothing is stored when the call fails.
 *
 * # Return value
 * The length of the message in bytes on success, where 0 is an empty message; -1 on failure with
 * the reason in errno.
 *
 * # Errors
 * - `EINVAL`: `info` is NULL, or as by receive().
 * - `EBADF`, `EADDRNOTAVAIL`, `EMSGSIZE`, `EAGAIN`, `EINTR`: as by receive().
 *
 * # Threads
 * Safe at any time from any thread, and from a membership event callback.
 *
 * # Standard
 * Extends RFC 7046, section 4.5.2, whose Group Name is an output.
 */
int ham_receive_from(int msock,
                     const char *group_uri,
                     size_t buf_len,
                     void *buf,
                     struct ham_message *info);

/**
 * Gives the properties of an Interface
 *
 * # Parameters
 * - `iface`: the Interface id.
 * - `prop`: takes the properties. Nothing is stored when the call fails.
 *
 * # Return value
 * 0 on success, -1 on failure with the reason in errno.
 *
 * # Errors
 * - `EINVAL`: `prop` is NULL.
 * - `ENODEV`: no such Interface.
 *
 * # Threads
 * Safe at any time from any thread, and from a membership event callback.
 *
 * # Standard
 * RFC 7046, section 4.3.1, struct ifProp.
 */
int ham_interfaceProperties(uint32_t iface, struct ham_ifProp *prop);

/**
 * Gives the counters of a multicast socket
 *
 * # Parameters
 * - `msock`: the multicast socket.
 * - `stats`: takes the counters. Nothing is stored when the call fails.
 *
 * # Return value
 * 0 on success, -1 on failure with the reason in errno.
 *
 * # Errors
 * - `EBADF`: no such multicast socket.
 * - `EINVAL`: `stats` is NULL.
 *
 * # Threads
 * Safe at any time from any thread, and from a membership event callback.
 *
 * # Standard
 * Not part of RFC 7046.
 */
int ham_statistics(int msock, struct ham_statistics *stats);

/**
 * Gives the counters of a multicast socket at one of its Interfaces
 *
 * # Parameters
 * - `msock`: the multicast socket.
 * - `iface`: the Interface id, as it was associated.
 * - `stats`: takes the counters. Nothing is stored when the call fails.
 *
 * # Return value
 * 0 on success, -1 on failure with the reason in errno.
 *
 * # Errors
 * - `EBADF`: no such multicast socket.
 * - `EINVAL`: `stats` is NULL.
 * - `ENODEV`: no such Interface.
 * - `EADDRNOTAVAIL`: it is no Interface of the socket.
 *
 * # Threads
 * Safe at any time from any thread, and from a membership event callback.
 *
 * # Standard
 * Not part of RFC 7046.
 */
int ham_interfaceStatistics(int msock, uint32_t iface, struct ham_ifStatistics *stats);

/**
 * Says in a sentence why the last failed call failed
 *
 * # Return value
 * A sentence on the calling thread's last call that failed, or "" before any. It lives until the
 * thread calls ham_last_error() again, or ends.
 *
 * # Threads
 * Each thread has its own.
 *
 * # Standard
 * Not part of RFC 7046.
 */
const char *ham_last_error(void);

/**
 * Gives the version of the library
 *
 * # Return value
 * The version at run time, such as "1.0.0", as `HAM_VERSION` is the one of the header; it lives as
 * long as the process.
 *
 * # Threads
 * Safe at any time from any thread.
 *
 * # Standard
 * Not part of RFC 7046.
 */
const char *ham_version(void);

/*
 * The functions of ham.h; each is documented there, and in section 3 of the manual, without the
 * prefix.
 */
int ham_createMSocket(int *result, size_t num_ifs, const uint32_t *ifs);
int ham_deleteMSocket(int s);
int ham_join(int msock, const char *group_uri);
int ham_leave(int msock, const char *group_uri);
int ham_srcRegister(int msock, const char *group_uri, size_t num_ifs, uint32_t *ifs);
int ham_srcDeregister(int msock, const char *group_uri, size_t num_ifs, uint32_t *ifs);
int ham_send(int msock, const char *group_uri, size_t buf_len, const void *buf);
int ham_receive(int msock, const char *group_uri, size_t buf_len, void *buf);
int ham_getInterfaces(int msock, size_t *num_ifs, uint32_t **ifs);
int ham_addInterface(int msock, uint32_t iface);
int ham_delInterface(int msock, uint32_t iface);
int ham_setTTL(int msock, uint8_t value, size_t num_ifs, uint32_t *ifs);
int ham_getTTL(int msock, uint8_t *result);
int ham_getAtomicMsgSize(int msock);
int ham_groupSet(uint32_t iface, size_t *num_groups, GroupSet **groups);
int ham_neighborSet(uint32_t iface, const char *group_name, size_t *num_neighbors,
                    char **neighbor_uris);
int ham_childrenSet(uint32_t iface, const char *group_name, size_t *num_children,
                    char **children_uris);
int ham_parentSet(uint32_t iface, const char *group_name, size_t *num_parents,
                  char **parents_uris);
int ham_designatedHost(uint32_t iface, const char *group_name);
int ham_registerEventCallback(MembershipEventCallback callback);
int ham_enableEvents(void);
int ham_disableEvents(void);
int ham_getMaxMsgSize(void);

#ifdef __cplusplus
}
#endif

#endif /* HAMX_H */
