#ifndef TRIBUTARY_SYSTEMD_BUS_H
#define TRIBUTARY_SYSTEMD_BUS_H

// What systemd says of its units over D-Bus, by way of libsystemd's sd-bus, which is looked for when it is needed: the
// program starts and works without it.

#include <stdbool.h>
#include <stdint.h>

/// An answer of systemd.
struct tributary_systemd_answer;

enum tributary_systemd_problem {
    TRIBUTARY_SYSTEMD_SYSTEM,      // an errno
    TRIBUTARY_SYSTEMD_REFUSED,     // the bus or systemd said no, by name
    TRIBUTARY_SYSTEMD_NO_LIBRARY,  // libsystemd.so.0 is not there
    TRIBUTARY_SYSTEMD_OLD_LIBRARY  // it has not all that is needed: it is older than version 237
};

struct tributary_systemd_failure {
    enum tributary_systemd_problem problem;
    int number;      // the errno; ETIMEDOUT where the time was over
    char name[128];  // D-Bus' name of the error, cut there, with a 0 at its end
};

/// A unit; the texts are the answer's.
struct tributary_systemd_unit {
    const char *name;
    const char *load_state;
    const char *active_state;
};

/// Asks for the state of the system and for all units: connecting, signing on and both questions take no longer than
/// `limit` microseconds together. Nothing is started for it.
///
/// The bus decides how long the answer is, up to D-Bus' own 128 MiB.
///
/// Returns null and fills `failure` in where there is no answer.
struct tributary_systemd_answer *tributary_systemd_ask(
    const char *address, uint64_t limit, struct tributary_systemd_failure *failure);

/// The next unit: 1 and the unit, 0 at the end, or -errno where the answer is garbled.
int tributary_systemd_next(struct tributary_systemd_answer *answer, struct tributary_systemd_unit *unit);

/// `running`, `degraded`, …; null where systemd did not say.
const char *tributary_systemd_state(const struct tributary_systemd_answer *answer);

void tributary_systemd_free(struct tributary_systemd_answer *answer);

#endif
