/* Every behaviour. */
#ifndef ALL_H
#define ALL_H

#include "both.h"
#include "messages.h"
#include "states.h"
#include "waiting.h"

static const struct behaviour behaviours[] = {
    {"join, send, receive", is_received, NULL, NULL},
    {"another process", is_received_elsewhere, NULL, has_others},
    {"every size", has_every_size, NULL, NULL},
    {"a buffer too small keeps the message", keeps_what_is_too_long, NULL, NULL},
    {"order", keeps_order, NULL, NULL},
    {"nothing before join, nor after leave", hears_while_joined, NULL, NULL},
    {"names never mix", tells_names_apart, NULL, NULL},
    {"receive by name", receives_by_name, NULL, NULL},
    {"odd names", carries_odd_names, NULL, NULL},
    {"200 groups", has_many_groups, NULL, NULL},
    {"sealed groups", seals, NULL, NULL},
    {"O_NONBLOCK", says_eagain, NULL, NULL},
    {"readable while there is a message", is_readable, NULL, NULL},
    {"delete wakes who waits", wakes_at_delete, NULL, NULL},
    {"leave wakes who waits for the group", wakes_at_leave, NULL, NULL},
    {"a message wakes who wants it", wakes_who_wants, NULL, NULL},
    {"threads share the messages", shares_among_threads, NULL, NULL},
    {"what is new wakes who waits", wakes_by_what_is_new, NULL, NULL},
    {"counters", counts, NULL, NULL},
    {"too much is dropped and counted", drops_what_is_too_much, "[ip]\nreceive_buffer = 4194304\n", NULL},
    {"groupSet", shows_groups, NULL, is_one_interface},
    {"membership events", tells_events, NULL, is_one_interface},
    {"Interfaces come and go", changes_interfaces, NULL, NULL},
    {"Interfaces and groups change while sending", changes_while_sending, NULL, NULL},
    {"TTL 0", keeps_hop_limit, NULL, is_one_interface},
    {"loopback off", is_not_heard_by_itself, "[ip]\nloopback = false\n", is_one_by_name},
    {"bundles", bundles, "[frame]\nbundle_us = 20000\n", NULL},
    {"fork", forks, NULL, NULL},
    {"no all-group joins", has_no_all_groups, NULL, is_by_address},
    {"all-group joins", hears_all_groups, NULL, is_by_name},
    {"new groups among many", hears_new_ones_among_many, NULL, is_at_once_by_name},
};

static inline int suite(const struct technology *t, int argc, char **argv)
{
    return conform(t, behaviours, sizeof behaviours / sizeof behaviours[0], argc > 1 ? argv[1] : NULL);
}

/* Beside technology ip. */
static inline int suite_of_both(const struct technology *t, int argc, char **argv)
{
    return conform(t, of_both, sizeof of_both / sizeof of_both[0], argc > 1 ? argv[1] : NULL);
}

#endif
