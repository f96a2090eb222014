/*
 * ham.h - A Common API for Transparent Hybrid Multicast (RFC 7046)
 *
 * Generated from the Rust source by cbindgen; see cbindgen.toml. Do not edit.
 *
 * Link with `pkg-config --cflags --libs ham`. Every function returns 0 (or the value asked for) on
 * success and -1 on failure, with the reason in errno, which success leaves untouched. Each has a
 * manual page in section 3.
 *
 * SPDX-License-Identifier: Apache-2.0 OR MIT
 */
#ifndef HAM_H
#define HAM_H


#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * `send` is the name of a libc function too (<sys/socket.h>):
 *
 * - C, ham.h before <sys/socket.h>: `send` is RFC 7046's. A call with libc's arguments still
 *   reaches libc, but its flags must be 0 or cast to a pointer for the compiler's sake.
 * - C, <sys/socket.h> before ham.h: both can be called; the type of the fourth argument decides.
 *   `send` is a macro with four arguments then, so RFC 7046's prototype of it cannot be repeated in
 *   the program (C has no second type for a name), unless HAM_RFC_SEND is defined before ham.h,
 *   which leaves RFC 7046's only. A member of a structure that is called `send` is reached as
 *   (x->send)(a, b, c, d).
 * - C++: two overloads, in any order.
 */
#if defined(__cplusplus)
#include <sys/socket.h>
#elif !defined(_SYS_SOCKET_H)
#define send ham_libc_send_hidden_
#include <sys/socket.h>
#undef send
#else
#define HAM_LIBC_SEND_SEEN_
#endif

/** The version of this header. */
#define HAM_VERSION "1.0.0"
#define HAM_VERSION_MAJOR 1
#define HAM_VERSION_MINOR 0
#define HAM_VERSION_PATCH 0
#define HAM_VERSION_NUMBER 10000

/** In the place of a multicast socket for getInterfaces(): every Interface of the host. */
#define HAM_ALL_INTERFACES (-1)

/** The Interface id for one address family only of the device with this kernel index. */
#define HAM_IPV4(index) ((uint32_t)(index) | 0x04000000u)
#define HAM_IPV6(index) ((uint32_t)(index) | 0x06000000u)

/** The string behind `p` in the lists of neighborSet(), childrenSet() and parentSet(). */
#define HAM_NEXT_URI(p) (strchr((p), '\0') + 1)

#ifdef __cplusplus
extern "C" {
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

#if !defined(HAM_TYPES)
/**
 * A group and what this node does in it.
 */
typedef struct {
    /**
     * The Group Name, inside the block that groupSet() gave.
     */
    char *group_uri;
    /**
     * HAM_LISTENER, HAM_SENDER or HAM_SENDER_LISTENER.
     */
    int type;
} GroupSet;
#endif

#if !defined(HAM_TYPES)
/**
 * What an application gives to registerEventCallback(). `type` is HAM_JOIN_EVENT, HAM_LEAVE_EVENT
 * or HAM_NEW_SOURCE_EVENT; `group_uri` lives until the callback returns.
 */
typedef void (*MembershipEventCallback)(int type, uint32_t iface, const char *group_uri);
#endif

/**
 * Creates a multicast socket
 *
 * Creates a multicast socket over the given Interfaces and stores its handle in `*result`. With no
 * Interfaces given the socket takes the default ones: for IP the device that the kernel's
 * multicast route picks in each address family, else the first device that is up,
 * multicast-capable and no loopback, else loopback. Such a socket follows the host when its default
 * Interfaces change, until addInterface() or delInterface() is called on it.
 *
 * The handle is a descriptor of its own. It is readable (poll, select, epoll) whenever receive()
 * would not block, it is closed on exec, and `O_NONBLOCK` set on it by fcntl() makes send() and
 * receive() non-blocking. Release it with deleteMSocket(), not with close(); after a
 * close() by mistake the calls that change the socket give `EBADF`, and none touches what has the
 * number then.
 *
 * After fork() the child can send, receive (parent and child then share the messages between them)
 * and delete an inherited handle; calls that would change its groups, Interfaces or TTL give
 * `EBADF` there. Multicast sockets that the child creates are its own.
 *
 * # Parameters
 * - `result`: takes the handle; -1 is stored there when the call fails.
 * - `num_ifs`: how many Interfaces follow, 0 to 65536; 0 asks for the default ones.
 * - `ifs`: the Interface ids. An id of technology "ip" is the kernel's interface index
 *   (if_nametoindex()); `HAM_IPV4(index)` and `HAM_IPV6(index)` restrict it to one address family.
 *   May be NULL when `num_ifs` is 0. The array stays the caller's.
 *
 * # Return value
 * 0 on success, -1 on failure with the reason in errno.
 *
 * # Errors
 * - `EINVAL`: `result` is NULL; `num_ifs` is not 0 and `ifs` is NULL; `num_ifs` is above 65536;
 *   the configuration has an error (the log names file, line and key).
 * - `ENODEV`: one of the ids is no Interface of this host, or no Interface at all is fit for
 *   multicast.
 * - `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`, `EPERM`: a limit of the system; the log names it.
 *
 * # Threads
 * Safe at any time from any thread, and from a membership event callback.
 *
 * # Standard
 * RFC 7046, section 4.4.1.
 */
int createMSocket(int *result, size_t num_ifs, const uint32_t *ifs);

/**
 * Deletes a multicast socket
 *
 * Leaves all groups of the multicast socket, withdraws its sources, drops the messages that wait
 * in it and releases everything that it holds. Calls of other threads that wait on the socket
 * return at once with `EBADF`.
 *
 * In a child after fork() only the child's copies are released; the parent's socket is
 * undisturbed.
 *
 * # Parameters
 * - `s`: the multicast socket.
 *
 * # Return value
 * 0 on success, -1 on failure with the reason in errno.
 *
 * # Errors
 * - `EBADF`: no such multicast socket.
 *
 * # Threads
 * Safe at any time from any thread, and from a membership event callback.
 *
 * # Standard
 * RFC 7046, section 4.4.2.
 */
int deleteMSocket(int s);

/**
 * Joins a multicast group
 *
 * Subscribes the multicast socket to a group at all its Interfaces; for IP the hosts' routers and
 * switches learn it by IGMP or MLD. From the return on, receive() delivers what is sent to the
 * group. A join of a group that the socket has joined already changes its key at most. Where an Interface
 * cannot join now, the call still succeeds if another one did; the failed one is logged, and
 * joined as soon as it can be. An Interface that vanishes and comes back is joined again.
 *
 * A Group Name is a ham-URI (RFC 7046, section 4.2). In the namespace "ip":
 * `ham:ip:224.1.2.3:5000` (any source), `ham:ip:[ff15::1]:5000` (IPv6),
 * `ham:ip:232.1.2.3@10.0.0.1:5000` (source-specific), `ham:ip:group.example.org:5000` (a DNS name,
 * resolved once by this call). These are plain UDP. The names of every other namespace, such as
 * `ham:opaque:news@cnn.com` or `ham:sip:news@cnn.com`, need no address: they are mapped to Group
 * Addresses of IPv4 and IPv6 by a hash or the configuration, and their messages travel in frames, so
 * that each is received once, by whatever Interfaces it comes, and fragments are put together again.
 * Without a port the configured default port is meant. Two names that have the same normal form are
 * the same group.
 *
 * `/chacha20-poly1305;KEY`, `/aes-256-gcm;KEY` (32 bytes in base64url) or `/key;NAME` (a key of the
 * configuration) behind a name of any namespace are credentials: only messages that are sealed with
 * this key are received. They are no part of the name. To join again with other credentials is to
 * change the key.
 *
 * # Parameters
 * - `msock`: the multicast socket.
 * - `group_uri`: the Group Name, at most `HAM_URI_MAX` - 1 bytes and a NUL. It stays the caller's.
 *
 * # Return value
 * 0 on success, -1 on failure with the reason in errno.
 *
 * # Errors
 * - `EBADF`: no such multicast socket; or it was inherited by fork().
 * - `EINVAL`: `group_uri` is NULL, has no NUL within `HAM_URI_MAX` bytes, is no ham-URI, or its
 *   address is no multicast address.
 * - `EADDRNOTAVAIL`: no Interface of the socket can carry this group; `*` as the group is carried by
 *   none of technology "ip".
 * - `EACCES`: the credentials in the URI are of an unknown algorithm, no key of 32 bytes, or name a
 *   key that the configuration does not have.
 * - `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`, `EPERM`: a limit of the system; the log names it and
 *   how to raise it.
 *
 * # Threads
 * Safe at any time from any thread, and from a membership event callback. It may wait for DNS, as
 * srcRegister() and the first send() to a name may.
 *
 * # Standard
 * RFC 7046, section 4.4.3.
 */
int join(int msock,
         const char *group_uri);

/**
 * Leaves a multicast group
 *
 * Ends the subscription that join() made, at all Interfaces. Messages of the group that wait in
 * the multicast socket are dropped.
 *
 * # Parameters
 * - `msock`: the multicast socket.
 * - `group_uri`: the Group Name as for join(); any spelling with the same normal form will do. It
 *   stays the caller's.
 *
 * # Return value
 * 0 on success, -1 on failure with the reason in errno.
 *
 * # Errors
 * - `EBADF`: no such multicast socket; or it was inherited by fork().
 * - `EINVAL`: `group_uri` is NULL, has no NUL within `HAM_URI_MAX` bytes, or is no ham-URI of a
 *   group.
 * - `EADDRNOTAVAIL`: the socket has not joined this group.
 *
 * # Threads
 * Safe at any time from any thread, and from a membership event callback.
 *
 * # Standard
 * RFC 7046, section 4.4.4.
 */
int leave(int msock, const char *group_uri);

/**
 * Registers as a source of a group
 *
 * Says that the multicast socket is going to send to the group: the name is resolved, and the way
 * to the group is prepared at every Interface, so that the first send() costs no more than a later
 * one. groupSet() shows the socket as a sender from now on. Registering is optional; send() works
 * without it.
 *
 * The ids of the Interfaces where it failed are stored in `ifs`, as many as there is room for; the
 * rest of the array is filled with 0, all of it when the call succeeds or fails for another
 * reason.
 *
 * # Parameters
 * - `msock`: the multicast socket.
 * - `group_uri`: the Group Name as for join(). It stays the caller's.
 * - `num_ifs`: how many ids `ifs` has room for, 0 to 65536.
 * - `ifs`: takes the ids of the Interfaces where it failed. May be NULL when `num_ifs` is 0.
 *
 * # Return value
 * 0 when it succeeded at every Interface of the socket; -1 when it failed at one or more, or
 * altogether, with the reason in errno.
 *
 * # Errors
 * - `EBADF`: no such multicast socket; or it was inherited by fork().
 * - `EINVAL`: `group_uri` is NULL, has no NUL within `HAM_URI_MAX` bytes, or is no ham-URI of a
 *   group; `num_ifs` is not 0 and `ifs` is NULL; `num_ifs` is above 65536.
 * - `EADDRNOTAVAIL`: it failed at the Interfaces in `ifs`, or no Interface of the socket can carry
 *   this group.
 * - `EACCES`: the credentials in the URI do not allow it.
 * - `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`, `EPERM`: a limit of the system; the log names it.
 *
 * # Threads
 * Safe at any time from any thread, and from a membership event callback.
 *
 * # Standard
 * RFC 7046, section 4.4.5.
 */
int srcRegister(int msock, const char *group_uri, size_t num_ifs, uint32_t *ifs);

/**
 * Ends being a source of a group
 *
 * Takes back what srcRegister() did: the multicast socket no longer intends to send to the group.
 * A later send() to the group still works. `ifs` is filled as by srcRegister().
 *
 * # Parameters
 * - `msock`: the multicast socket.
 * - `group_uri`: the Group Name as for join(). It stays the caller's.
 * - `num_ifs`: how many ids `ifs` has room for, 0 to 65536.
 * - `ifs`: takes the ids of the Interfaces where it failed. May be NULL when `num_ifs` is 0.
 *
 * # Return value
 * 0 when it succeeded at every Interface of the socket; -1 when it failed at one or more, or
 * altogether, with the reason in errno.
 *
 * # Errors
 * - `EBADF`: no such multicast socket; or it was inherited by fork().
 * - `EINVAL`: `group_uri` is NULL, has no NUL within `HAM_URI_MAX` bytes, or is no ham-URI of a
 *   group; `num_ifs` is not 0 and `ifs` is NULL; `num_ifs` is above 65536.
 * - `EADDRNOTAVAIL`: the socket is not registered as a source of this group, or it failed at the
 *   Interfaces in `ifs`.
 *
 * # Threads
 * Safe at any time from any thread, and from a membership event callback.
 *
 * # Standard
 * RFC 7046, section 4.4.6.
 */
int srcDeregister(int msock, const char *group_uri, size_t num_ifs, uint32_t *ifs);

/**
 * Receives a message
 *
 * Takes the next message of a joined group; those of one group come in the order of their arrival.
 * Waits for one unless `O_NONBLOCK` is set on the handle. A message that is longer than the buffer
 * is not cut: the call fails with `EMSGSIZE` and the message stays the next one, to be fetched
 * with a larger buffer; getMaxMsgSize() bytes are always enough.
 *
 * The Group Name is an input: NULL takes the message of any joined group, a name only that
 * group's. To learn the group, the Interface and the sender of a message, use ham_receive_from()
 * of libhamx.
 *
 * # Parameters
 * - `msock`: the multicast socket.
 * - `group_uri`: NULL, or the Group Name of a joined group, in any spelling with the same normal
 *   form. It stays the caller's.
 * - `buf_len`: the size of `buf` in bytes. More than 65536 is as good as 65536.
 * - `buf`: takes the message. May be NULL when `buf_len` is 0.
 *
 * # Return value
 * The length of the message in bytes on success, where 0 is an empty message; -1 on failure with
 * the reason in errno.
 *
 * # Errors
 * - `EBADF`: no such multicast socket, or it was deleted while the call waited.
 * - `EINVAL`: `buf` is NULL and `buf_len` is not 0; `group_uri` has no NUL within `HAM_URI_MAX`
 *   bytes, or is no ham-URI of a group.
 * - `EADDRNOTAVAIL`: `group_uri` is not joined by this socket.
 * - `EMSGSIZE`: the message is longer than `buf_len`; it stays queued.
 * - `EAGAIN`: `O_NONBLOCK` is set and there is no message.
 * - `EINTR`: a signal handler ran while the call waited. One that runs just before the wait begins
 *   goes unnoticed, as with recv(2), and so may one in the instant, 130 ms later, when a short wait
 *   turns to a long one. Where a signal has to end the wait, use ppoll(2) on the handle.
 *
 * # Threads
 * Safe at any time from any thread; each message goes to one of the callers. In a membership event
 * callback it may wait as well, and then delays the events behind.
 *
 * # Standard
 * RFC 7046, section 4.5.2.
 */
int receive(int msock, const char *group_uri, size_t buf_len, void *buf);

/**
 * Lists Interfaces
 *
 * Lists the Interfaces of a multicast socket; with `HAM_ALL_INTERFACES` in the place of the
 * socket, every usable one of this host: each device that is up, multicast-capable and no
 * loopback, or loopback when there is no other. The ids can be given to createMSocket(),
 * addInterface(), setTTL() and the service calls; if_indextoname() names one of technology "ip".
 *
 * # Parameters
 * - `msock`: the multicast socket, or `HAM_ALL_INTERFACES` (-1).
 * - `num_ifs`: takes the number of Interfaces.
 * - `ifs`: takes the address of an array of that many ids, one malloc() block, which the caller
 *   releases with free(); NULL when there are none. Nothing is stored when the call fails.
 *
 * # Return value
 * 0 on success, -1 on failure with the reason in errno.
 *
 * # Errors
 * - `EBADF`: no such multicast socket.
 * - `EINVAL`: `num_ifs` or `ifs` is NULL.
 * - `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`: a limit of the system.
 *
 * # Threads
 * Safe at any time from any thread, and from a membership event callback.
 *
 * # Standard
 * RFC 7046, sections 4.3.1 and 4.6.1.
 */
int getInterfaces(int msock, size_t *num_ifs, uint32_t **ifs);

/**
 * Adds an Interface to a multicast socket
 *
 * The groups that the socket has joined are joined at the new Interface too, and messages are sent
 * there too. An Interface that the socket has already is left as it is. Loopback can be added by
 * its index.
 *
 * # Parameters
 * - `msock`: the multicast socket.
 * - `iface`: the Interface id.
 *
 * # Return value
 * 0 on success, -1 on failure with the reason in errno.
 *
 * # Errors
 * - `EBADF`: no such multicast socket; or it was inherited by fork().
 * - `ENODEV`: no such Interface.
 * - `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`: a limit of the system; the log names it.
 *
 * # Threads
 * Safe at any time from any thread, and from a membership event callback.
 *
 * # Standard
 * RFC 7046, section 4.6.2.
 */
int addInterface(int msock, uint32_t iface);

/**
 * Removes an Interface from a multicast socket
 *
 * The socket leaves its groups at this Interface and no longer sends there. The last Interface can
 * be removed too; the groups remain, and are joined at the next Interface that is added.
 *
 * # Parameters
 * - `msock`: the multicast socket.
 * - `iface`: the Interface id.
 *
 * # Return value
 * 0 on success, -1 on failure with the reason in errno.
 *
 * # Errors
 * - `EBADF`: no such multicast socket; or it was inherited by fork().
 * - `EADDRNOTAVAIL`: the socket does not have this Interface.
 * - `ENODEV`: the host does not have it either.
 *
 * # Threads
 * Safe at any time from any thread, and from a membership event callback.
 *
 * # Standard
 * RFC 7046, section 4.6.3.
 */
int delInterface(int msock, uint32_t iface);

/**
 * Sets the maximum hop count of messages
 *
 * From now on messages of the multicast socket travel at most `value` hops from the given
 * Interfaces: the TTL of IPv4, the hop limit of IPv6. 1, the default unless configured otherwise,
 * keeps them on the link; 0 keeps them on this host. An unknown id among them leaves all as they
 * were. An Interface that is added later starts with what was last set on all of them, else with the
 * configured hop count.
 *
 * # Parameters
 * - `msock`: the multicast socket.
 * - `value`: the hop count, 0 to 255.
 * - `num_ifs`: how many Interfaces follow, 0 to 65536; 0 means every Interface that the socket
 *   has.
 * - `ifs`: the Interface ids. May be NULL when `num_ifs` is 0. The array stays the caller's.
 *
 * # Return value
 * 0 on success, -1 on failure with the reason in errno.
 *
 * # Errors
 * - `EBADF`: no such multicast socket; or it was inherited by fork().
 * - `EINVAL`: `num_ifs` is not 0 and `ifs` is NULL; `num_ifs` is above 65536.
 * - `EADDRNOTAVAIL`: one of the ids is no Interface of the socket.
 * - `ENODEV`: one of the ids is no Interface of this host.
 *
 * # Threads
 * Safe at any time from any thread, and from a membership event callback.
 *
 * # Standard
 * RFC 7046, section 4.6.4.
 */
int setTTL(int msock,
           uint8_t value,
           size_t num_ifs,
           uint32_t *ifs);

/**
 * Gives the maximum hop count of messages
 *
 * The Interfaces of a multicast socket can have different hop counts; the largest is given, or 0
 * when the socket has no Interface.
 *
 * # Parameters
 * - `msock`: the multicast socket.
 * - `result`: takes the hop count, 0 to 255. Nothing is stored when the call fails.
 *
 * # Return value
 * 0 on success, -1 on failure with the reason in errno.
 *
 * # Errors
 * - `EBADF`: no such multicast socket.
 * - `EINVAL`: `result` is NULL.
 *
 * # Threads
 * Safe at any time from any thread, and from a membership event callback.
 *
 * # Standard
 * RFC 7046, section 4.6.5.
 */
int getTTL(int msock, uint8_t *result);

/**
 * Gives the size of messages that are not fragmented
 *
 * The length in bytes of the longest message that surely travels unfragmented on all Interfaces of
 * the multicast socket. For IP it is the smallest MTU of the devices less the IP and UDP headers, and
 * less the frame's 44 bytes (60 where messages are sealed) once the socket has a group whose messages
 * travel in frames. It changes with the Interfaces, their MTU and the groups. Longer messages, up to getMaxMsgSize(), can be
 * sent as well.
 *
 * # Parameters
 * - `msock`: the multicast socket.
 *
 * # Return value
 * The size in bytes, above 0, on success; -1 on failure with the reason in errno.
 *
 * # Errors
 * - `EBADF`: no such multicast socket.
 * - `EADDRNOTAVAIL`: no Interface of the socket is there now.
 * - `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`: a limit of the system.
 *
 * # Threads
 * Safe at any time from any thread, and from a membership event callback.
 *
 * # Standard
 * RFC 7046, section 4.6.6.
 */
int getAtomicMsgSize(int msock);

/**
 * Lists the groups at an Interface
 *
 * Lists every multicast group that has a state at an Interface, with what there is: listeners,
 * senders or both. It knows the multicast sockets of this process with their Group Names; the
 * memberships of all other programs of the host, from the kernel's tables; those of other hosts on
 * the link, from what they say in IGMP and MLD; and what a multicast router's forwarding cache and
 * a bridge's table hold. All but the first have addresses only, and stand as `ham:ip:GROUP` or
 * `ham:ip:GROUP@SOURCE`; other hosts' groups stand under this process's own Group Name of that
 * address and source, where there is just one. With presence (`HAM_PRESENCE=1`, off by default)
 * libham's processes on other hosts tell their Group Names themselves, listeners and senders, and
 * a group that they listen to stands under these names instead of its address.
 *
 * Other hosts are observed from the first service call or enableEvents() on, if the process has
 * CAP_NET_RAW; without it the log says so (level info), and only this host is known. Nothing is
 * sent, and no call waits: a host is known once it was heard, at the latest when it answers the
 * next query of the link's querier (125 s by default); by presence, within 0.3 s on a small
 * network. A crashed host is forgotten after the querier's time (260 s by default), by presence
 * after 3 s (up to 15 s with a thousand processes). A switch that snoops keeps reports from hosts;
 * then a router, the switch itself, or a host at a port that the switch takes for a router's can
 * observe them, and every host hears presence. The groups by which IPv6 itself works (ff02::1 and
 * the solicited-node groups) are left out of what other hosts have.
 *
 * # Parameters
 * - `iface`: the Interface id.
 * - `num_groups`: takes the number of groups.
 * - `groups`: takes the address of an array of that many elements. The array and its strings are
 *   one malloc() block, which the caller releases with one free(); NULL when there are none.
 *   Nothing is stored when the call fails.
 *
 * # Return value
 * 0 on success, -1 on failure with the reason in errno.
 *
 * # Errors
 * - `EINVAL`: `num_groups` or `groups` is NULL.
 * - `ENODEV`: no such Interface.
 * - `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`: a limit of the system.
 *
 * # Threads
 * Safe at any time from any thread, and from a membership event callback.
 *
 * # Standard
 * RFC 7046, section 4.7.1.
 */
int groupSet(uint32_t iface, size_t *num_groups, GroupSet **groups);

/**
 * Lists the multicast neighbors at an Interface
 *
 * Lists the nodes next to this host that take part in multicast at an Interface, as far as this
 * host knows them (see groupSet()): the listeners on the link, those that parentSet() gives, the
 * querier, the PIM routers that say Hello, and with presence every host where libham says that it
 * is there; of one group those that take part in it, and those with a priority as designated
 * forwarder (HAM_PRESENCE_PRIORITY). A node of technology "ip" is given by its address,
 * such as `ham:ip:10.0.0.1` or `ham:ip:[fe80::1]`; in IPv6 hosts report by link-local ones.
 *
 * `*neighbor_uris` points to NUL-terminated strings, one behind the other; walk them with
 * `HAM_NEXT_URI()`:
 *
 *     size_t n; char *block, *uri;
 *     if (neighborSet(iface, NULL, &n, &block) == 0) {
 *         for (uri = block; n > 0; n--, uri = HAM_NEXT_URI(uri))
 *             puts(uri);
 *         free(block);
 *     }
 *
 * # Parameters
 * - `iface`: the Interface id.
 * - `group_name`: NULL for all neighbors, or the Group Name of a group to which they must have a
 *   part. It stays the caller's.
 * - `num_neighbors`: takes the number of neighbors.
 * - `neighbor_uris`: takes the address of that many strings, one malloc() block, which the caller
 *   releases with one free(); NULL when there are none. Nothing is stored when the call fails.
 *
 * # Return value
 * 0 on success, -1 on failure with the reason in errno.
 *
 * # Errors
 * - `EINVAL`: `num_neighbors` or `neighbor_uris` is NULL; `group_name` has no NUL within
 *   `HAM_URI_MAX` bytes, or is no ham-URI of a group.
 * - `ENODEV`: no such Interface.
 * - `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`: a limit of the system.
 *
 * # Threads
 * Safe at any time from any thread, and from a membership event callback.
 *
 * # Standard
 * RFC 7046, section 4.7.2.
 */
int neighborSet(uint32_t iface,
                const char *group_name,
                size_t *num_neighbors,
                char **neighbor_uris);

/**
 * Lists the receivers behind an Interface
 *
 * Lists the nodes that receive what this host sends or forwards to a group at an Interface:
 * itself, by its own address there, when one of its programs has joined; and the hosts on the link
 * that have joined, by their addresses, as far as they are known (see groupSet()). Receivers of
 * which only the forwarding cache or the bridge knows, and neither names them one by one, stand as
 * the link's all-hosts group, `ham:ip:224.0.0.1` or `ham:ip:[ff02::1]`, as do hosts that have left
 * out their address or keep silent behind the reports of another one (IGMPv2, MLDv1). The strings
 * are laid out as by neighborSet().
 *
 * # Parameters
 * - `iface`: the Interface id.
 * - `group_name`: the Group Name, or NULL for any group. It stays the caller's.
 * - `num_children`: takes the number of nodes.
 * - `children_uris`: takes the address of that many strings, one malloc() block, which the caller
 *   releases with one free(); NULL when there are none. Nothing is stored when the call fails.
 *
 * # Return value
 * 0 on success, -1 on failure with the reason in errno.
 *
 * # Errors
 * - `EINVAL`: `num_children` or `children_uris` is NULL; `group_name` has no NUL within
 *   `HAM_URI_MAX` bytes, or is no ham-URI of a group.
 * - `ENODEV`: no such Interface.
 * - `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`: a limit of the system.
 *
 * # Threads
 * Safe at any time from any thread, and from a membership event callback.
 *
 * # Standard
 * RFC 7046, section 4.7.3.
 */
int childrenSet(uint32_t iface, const char *group_name, size_t *num_children, char **children_uris);

/**
 * Lists where data of a group comes from
 *
 * Lists the nodes from which this host receives multicast data of a group at an Interface: by its
 * forwarding cache, for a source-specific membership the next node towards the source, and with
 * presence the hosts that say that they send. The strings are laid out as by neighborSet().
 *
 * # Parameters
 * - `iface`: the Interface id.
 * - `group_name`: the Group Name, or NULL for any group. It stays the caller's.
 * - `num_parents`: takes the number of nodes.
 * - `parents_uris`: takes the address of that many strings, one malloc() block, which the caller
 *   releases with one free(); NULL when there are none. Nothing is stored when the call fails.
 *
 * # Return value
 * 0 on success, -1 on failure with the reason in errno.
 *
 * # Errors
 * - `EINVAL`: `num_parents` or `parents_uris` is NULL; `group_name` has no NUL within
 *   `HAM_URI_MAX` bytes, or is no ham-URI of a group.
 * - `ENODEV`: no such Interface.
 * - `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`: a limit of the system.
 *
 * # Threads
 * Safe at any time from any thread, and from a membership event callback.
 *
 * # Standard
 * RFC 7046, section 4.7.4.
 */
int parentSet(uint32_t iface, const char *group_name, size_t *num_parents, char **parents_uris);

/**
 * Says whether this host forwards a group
 *
 * Tells whether this host forwards a group out at an Interface, as a multicast router does, or is
 * the querier of the link, or the one that the hosts with presence have elected: of those with a
 * HAM_PRESENCE_PRIORITY above 0 the highest one, then the lowest address, in each family for
 * itself. It is elected a second after it began, when it knows the others (up to 5 s with a
 * thousand processes); when it crashes, the next one follows after 3 s (15 s). Of a group that its
 * forwarding cache does not hold it tells whether it forwards there at all and is the designated
 * router, by priority, then address, among the PIM routers that were heard there.
 *
 * # Parameters
 * - `iface`: the Interface id.
 * - `group_name`: the Group Name, or NULL for any group. It stays the caller's.
 *
 * # Return value
 * 1 when it is, 0 when it is not, -1 on failure with the reason in errno.
 *
 * # Errors
 * - `EINVAL`: `group_name` has no NUL within `HAM_URI_MAX` bytes, or is no ham-URI of a group.
 * - `ENODEV`: no such Interface.
 * - `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`: a limit of the system.
 *
 * # Threads
 * Safe at any time from any thread, and from a membership event callback.
 *
 * # Standard
 * RFC 7046, section 4.7.5.
 */
int designatedHost(uint32_t iface, const char *group_name);

/**
 * Registers the callback for membership events
 *
 * The callback gets the membership events from enableEvents() on: the event's type, the Interface
 * where it was seen, and the Group Name, a string that lives until the callback returns. It
 * replaces an earlier one; NULL takes it away. The earlier callback does not run any more when the
 * call returns, except when it made the call itself; so do not hold a lock that the callback waits
 * for.
 *
 * Events are delivered one at a time, in order, by a thread of the library that takes no signal. A
 * slow callback delays the events behind it but no message. The callback may call every function
 * of this library. A C++ exception must not leave it.
 *
 * # Parameters
 * - `callback`: the function to call, or NULL.
 *
 * # Return value
 * 0 on success, -1 on failure with the reason in errno.
 *
 * # Errors
 * - `ENOMEM`, `EAGAIN`: a limit of the system.
 *
 * # Threads
 * Safe at any time from any thread, and from a membership event callback.
 *
 * # Standard
 * RFC 7046, sections 4.3.2 and 4.7.6.
 */
int registerEventCallback(MembershipEventCallback callback);

/**
 * Starts the delivery of membership events
 *
 * From now on the callback of registerEventCallback() is called: first for every group state that
 * there is already, then for each change that this host observes: a first listener, a last leave,
 * a new source of a group at an Interface. The states are those of groupSet(), under the names that
 * it gives them, so also those of other hosts. When a name changes because an own Group Name of the
 * address came or went, the old name is left and the new one is joined. Calling it twice is the same
 * as once. After fork() events are off in the child, and can be started there.
 *
 * Of other hosts IGMP and MLD tell Group Addresses, presence (off by default) Group Names. With
 * presence on, a join that is heard by address waits 50 ms for its name, 500 ms for what is there
 * already; one that nobody names is told by its address. When a name is left, what is still
 * listened to at its address after 5 s is told as a join of that address.
 *
 * A host that crashes leaves when the link's querier would say so (RFC 3376, section 8.4: 260 s by
 * default), by presence after 3 s (up to 15 s with a thousand processes). When the last known host of IGMPv2 or MLDv1 leaves, the leave is told when nobody has
 * answered the querier's question; that of a host of IGMPv3 or MLDv2 at once.
 *
 * # Return value
 * 0 on success, -1 on failure with the reason in errno.
 *
 * # Errors
 * - `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`, `EAGAIN`: a limit of the system; the log names it.
 *
 * # Threads
 * Safe at any time from any thread, and from a membership event callback.
 *
 * # Standard
 * RFC 7046, section 4.7.6.
 */
int enableEvents(void);

/**
 * Stops the delivery of membership events
 *
 * After it returns, in another thread than the callback's, no callback is running and none will be
 * called until enableEvents(). Events that were not delivered yet are dropped. The registered
 * callback stays registered.
 *
 * # Return value
 * 0 on success, -1 on failure with the reason in errno.
 *
 * # Errors
 * - `ENOMEM`: the system is out of memory.
 *
 * # Threads
 * Safe at any time from any thread, and from a membership event callback.
 *
 * # Standard
 * RFC 7046, section 4.7.7.
 */
int disableEvents(void);

/**
 * Gives the size of the longest message
 *
 * The length in bytes of the longest message that send() takes: 65507, for the life of the process
 * and on every technology. A buffer of this size holds every message.
 *
 * # Return value
 * 65507. The call cannot fail.
 *
 * # Threads
 * Safe at any time from any thread, and from a membership event callback.
 *
 * # Standard
 * RFC 7046, section 4.7.8.
 */
int getMaxMsgSize(void);

#ifdef __cplusplus
}
#endif

/**
 * Sends a message to a group
 *
 * Sends one message to a group at every Interface of the multicast socket that can carry it. The
 * socket need not have joined the group nor be registered as its source; the first send to a name
 * prepares what srcRegister() prepares. The message is sealed exactly when the URI has credentials (see
 * join()). With loopback on, the default, listeners on this host get
 * the message too.
 *
 * Where bundles are configured (HAM_BUNDLE) and the message travels in a frame, 0 says that it waits
 * for others, for as long as configured at most: what goes wrong then is logged and counted, not
 * reported. deleteMSocket() sends what waits; what waits when the process ends is lost.
 *
 * When several Interfaces take part, the call succeeds when at least one took the message; what
 * failed at the others is logged at a bounded rate and counted.
 *
 * A descriptor that is no multicast socket is left to libc: when the fourth argument can be flags,
 * the call is libc's send(fd, data, length, flags) with libc's result and errno. So the BSD sockets
 * of the program and of the libraries beside this one keep working, whichever `send` they were
 * linked with.
 *
 * # Parameters
 * - `msock`: the multicast socket.
 * - `group_uri`: the Group Name as for join(). It stays the caller's.
 * - `buf_len`: the length of the message in bytes, 0 to getMaxMsgSize().
 * - `buf`: the message. May be NULL when `buf_len` is 0, which sends an empty message. It can be
 *   used again at once.
 *
 * # Return value
 * 0 on success, -1 on failure with the reason in errno.
 *
 * # Errors
 * - `EBADF`: no such multicast socket; nothing was sent anywhere.
 * - `EINVAL`: `group_uri` is NULL, has no NUL within `HAM_URI_MAX` bytes, or is no ham-URI of a
 *   group; `buf` is NULL and `buf_len` is not 0.
 * - `EMSGSIZE`: the message is longer than getMaxMsgSize().
 * - `EADDRNOTAVAIL`: no Interface of the socket can carry this group.
 * - `EACCES`: the credentials in the URI do not allow it.
 * - `EAGAIN`: `O_NONBLOCK` is set and there is no room for the message now, or IPv6 on the device
 *   still checks its own address (a blocking call waits for that, up to 3 seconds).
 * - `EINTR`: a signal handler ran while the call waited for room.
 * - `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`, `EPERM`, `ENETUNREACH`: the system's own reason; the
 *   log says more.
 *
 * # Threads
 * Safe at any time from any thread, and from a membership event callback. Messages of one thread to
 * one group leave in the order of the calls.
 *
 * # Standard
 * RFC 7046, section 4.5.1.
 */
#if defined(__cplusplus)
extern "C++" {
/* One symbol, two types: the label gives the overload its name in the library. */
int send(int msock, const char *group_uri, size_t buf_len, const void *buf) __asm__("send");

/* libc's send(fd, "text", n, 0): a literal 0 suits both above; this one takes exactly an int. */
template <typename Flags> struct ham_send_flags_ {};
template <> struct ham_send_flags_<int> { typedef ssize_t result; };
template <typename Flags>
inline typename ham_send_flags_<Flags>::result send(int fd, const char *data, size_t len,
                                                    Flags flags) {
    return send(fd, static_cast<const void *>(data), len, flags);
}
}
#elif !defined(HAM_LIBC_SEND_SEEN_)
int send(int msock, const char *group_uri, size_t buf_len, const void *buf);
#else
int ham_rfc7046_send_(int msock, const char *group_uri, size_t buf_len, const void *buf)
    __asm__("send");
#if defined(HAM_RFC_SEND)
#define send ham_rfc7046_send_
#else
#define send(msock, group_uri, buf_len, buf) \
    (__extension__ _Generic((buf), \
        int: (send), unsigned int: (send), \
        long: (send), unsigned long: (send), \
        short: (send), unsigned short: (send), \
        char: (send), signed char: (send), unsigned char: (send), \
        default: ham_rfc7046_send_)((msock), (group_uri), (buf_len), (buf)))
#endif
#endif

#define HAM_TYPES
#endif /* HAM_H */
