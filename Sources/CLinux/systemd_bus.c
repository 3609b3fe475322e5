#define _GNU_SOURCE

#include "systemd_bus.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct sd_bus sd_bus;
typedef struct sd_bus_message sd_bus_message;
typedef struct {
    const char *name;
    const char *message;
    int need_free;
} sd_bus_error;

/// The functions that are used, as their man pages declare them.
#define FUNCTIONS(each)                                                                                             \
    each(int, sd_bus_new, (sd_bus * *bus))                                                                          \
    each(int, sd_bus_set_address, (sd_bus * bus, const char *address))                                              \
    each(int, sd_bus_set_bus_client, (sd_bus * bus, int is_client))                                                 \
    each(int, sd_bus_start, (sd_bus * bus))                                                                         \
    each(int, sd_bus_is_ready, (sd_bus * bus))                                                                      \
    each(int, sd_bus_process, (sd_bus * bus, sd_bus_message * *message))                                            \
    each(int, sd_bus_wait, (sd_bus * bus, uint64_t microseconds))                                                   \
    each(void, sd_bus_close, (sd_bus * bus))                                                                        \
    each(sd_bus *, sd_bus_unref, (sd_bus * bus))                                                                    \
    each(int, sd_bus_message_new_method_call,                                                                       \
         (sd_bus * bus, sd_bus_message * *message, const char *destination, const char *path, const char *interface, \
          const char *member))                                                                                      \
    each(int, sd_bus_message_set_auto_start, (sd_bus_message * message, int starts))                                \
    each(int, sd_bus_message_append, (sd_bus_message * message, const char *types, ...))                            \
    each(int, sd_bus_message_read, (sd_bus_message * message, const char *types, ...))                              \
    each(int, sd_bus_message_enter_container, (sd_bus_message * message, char type, const char *contents))          \
    each(sd_bus_message *, sd_bus_message_unref, (sd_bus_message * message))                                        \
    each(int, sd_bus_call,                                                                                          \
         (sd_bus * bus, sd_bus_message * message, uint64_t microseconds, sd_bus_error * error,                      \
          sd_bus_message * *reply))                                                                                 \
    each(void, sd_bus_error_free, (sd_bus_error * error))

#define DECLARE(result, name, parameters) result(*name) parameters;
static struct {
    void *handle;
    bool is_complete;
    FUNCTIONS(DECLARE)
} library;

/// Looks for the library, unless it was found before: it may be installed while we run.
static bool has_library(struct tributary_systemd_failure *failure) {
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    if (library.handle == NULL) library.handle = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
    if (library.handle != NULL && !library.is_complete) {
        library.is_complete = true;
#define FIND(result, name, parameters)                                  \
    *(void **)&library.name = dlsym(library.handle, #name);             \
    if (library.name == NULL) library.is_complete = false;
        FUNCTIONS(FIND)
    }
    bool is_there = library.handle != NULL, is_complete = library.is_complete;
    pthread_mutex_unlock(&mutex);
    if (!is_there) failure->problem = TRIBUTARY_SYSTEMD_NO_LIBRARY;
    else if (!is_complete) failure->problem = TRIBUTARY_SYSTEMD_OLD_LIBRARY;
    return is_complete;
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

/// Microseconds that are left; 0 when the time is over.
static uint64_t left(uint64_t end) {
    uint64_t time = now();
    return time < end ? end - time : 0;
}

/// Signs on. sd_bus_call would do so itself, but waits for a silent bus as long as it likes (90 s).
static int connect_to(sd_bus *bus, const char *address, uint64_t end) {
    int result = library.sd_bus_set_address(bus, address);
    if (result >= 0) result = library.sd_bus_set_bus_client(bus, 1);
    if (result >= 0) result = library.sd_bus_start(bus);
    while (result >= 0) {
        result = library.sd_bus_is_ready(bus);
        if (result != 0) break;
        uint64_t time = left(end);
        if (time == 0) return -ETIMEDOUT;
        result = library.sd_bus_process(bus, NULL);
        if (result == 0) result = library.sd_bus_wait(bus, time);
        if (result == -EINTR) result = 0;
    }
    return result < 0 ? result : 0;
}

#define SYSTEMD "org.freedesktop.systemd1"

/// Calls a method of systemd's manager, which takes no arguments or two texts.
static int call(
    sd_bus *bus, const char *interface, const char *member, const char *first, const char *second, uint64_t end,
    sd_bus_error *error, sd_bus_message **reply) {
    sd_bus_message *message = NULL;
    int result = library.sd_bus_message_new_method_call(
        bus, &message, SYSTEMD, "/org/freedesktop/systemd1", interface, member);
    if (result >= 0) result = library.sd_bus_message_set_auto_start(message, 0);
    if (result >= 0 && first != NULL) result = library.sd_bus_message_append(message, "ss", first, second);
    if (result >= 0) {
        uint64_t time = left(end);
        // 0 would be the library's own limit.
        result = time == 0 ? -ETIMEDOUT : library.sd_bus_call(bus, message, time, error, reply);
    }
    if (message != NULL) library.sd_bus_message_unref(message);
    return result;
}

struct tributary_systemd_answer {
    sd_bus_message *units;
    char state[32];
};

/// The state is nice to have: a systemd that does not tell it is asked for its units all the same.
static void ask_state(sd_bus *bus, uint64_t end, struct tributary_systemd_answer *answer) {
    sd_bus_error error = {NULL, NULL, 0};
    sd_bus_message *reply = NULL;
    const char *text = NULL;
    int result = call(
        bus, "org.freedesktop.DBus.Properties", "Get", SYSTEMD ".Manager", "SystemState", end, &error, &reply);
    if (result >= 0 && library.sd_bus_message_read(reply, "v", "s", &text) > 0 && text != NULL &&
        strlen(text) < sizeof answer->state)
        strcpy(answer->state, text);
    library.sd_bus_error_free(&error);
    if (reply != NULL) library.sd_bus_message_unref(reply);
}

static int ask_units(
    sd_bus *bus, uint64_t end, struct tributary_systemd_answer *answer, struct tributary_systemd_failure *failure) {
    sd_bus_error error = {NULL, NULL, 0};
    int result = call(bus, SYSTEMD ".Manager", "ListUnits", NULL, NULL, end, &error, &answer->units);
    // Its own failures have names too, which say less than their numbers.
    if (result < 0 && result != -ETIMEDOUT && error.name != NULL && strncmp(error.name, "System.Error.", 13) != 0) {
        failure->problem = TRIBUTARY_SYSTEMD_REFUSED;
        strncpy(failure->name, error.name, sizeof failure->name - 1);
    }
    library.sd_bus_error_free(&error);
    return result < 0 ? result
                      : library.sd_bus_message_enter_container(answer->units, 'a', "(ssssssouso)");
}

struct tributary_systemd_answer *tributary_systemd_ask(
    const char *address, uint64_t limit, struct tributary_systemd_failure *failure) {
    memset(failure, 0, sizeof *failure);
    failure->problem = TRIBUTARY_SYSTEMD_SYSTEM;
    if (!has_library(failure)) return NULL;
    uint64_t end = now() + limit;
    struct tributary_systemd_answer *answer = calloc(1, sizeof *answer);
    sd_bus *bus = NULL;
    int result = answer == NULL ? -ENOMEM : library.sd_bus_new(&bus);
    if (result >= 0) result = connect_to(bus, address, end);
    if (result >= 0) ask_state(bus, end, answer);
    if (result >= 0) result = ask_units(bus, end, answer, failure);
    // Not flushed, which would wait for a bus that does not read.
    if (bus != NULL) {
        library.sd_bus_close(bus);
        library.sd_bus_unref(bus);
    }
    if (result >= 0) return answer;
    failure->number = -result;
    tributary_systemd_free(answer);
    return NULL;
}

int tributary_systemd_next(struct tributary_systemd_answer *answer, struct tributary_systemd_unit *unit) {
    const char *rest[6];
    uint32_t job;
    int result = library.sd_bus_message_read(
        answer->units, "(ssssssouso)", &unit->name, &rest[0], &unit->load_state, &unit->active_state, &rest[1], &rest[2],
        &rest[3], &job, &rest[4], &rest[5]);
    return result > 0 ? 1 : result;
}

const char *tributary_systemd_state(const struct tributary_systemd_answer *answer) {
    return answer->state[0] == 0 ? NULL : answer->state;
}

void tributary_systemd_free(struct tributary_systemd_answer *answer) {
    if (answer == NULL) return;
    if (answer->units != NULL) library.sd_bus_message_unref(answer->units);
    free(answer);
}
