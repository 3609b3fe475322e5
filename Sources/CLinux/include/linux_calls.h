#ifndef TRIBUTARY_LINUX_CALLS_H
#define TRIBUTARY_LINUX_CALLS_H

// Linux calls that glibc declares for _GNU_SOURCE only, which Swift's own import of glibc does without.
// Each returns -1 and sets errno as its man page says.

#include <stdbool.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

struct tributary_file_status {
    uint32_t mode;
    uint32_t device_major;
    uint32_t device_minor;
    uint32_t links;
    uint64_t inode;
    uint64_t size;
    uint64_t blocks;  // of 512 bytes
    int64_t modified_seconds;
    uint32_t modified_nanoseconds;
    bool has_birth;
    int64_t birth_seconds;
    uint32_t birth_nanoseconds;
};

/// statx(2) of `path`, following symbolic links or not.
int tributary_status(const char *path, bool follow_links, struct tributary_file_status *status);

/// statx(2) of an open file.
int tributary_descriptor_status(int descriptor, struct tributary_file_status *status);

/// fallocate(2) from 0 up to `size` with FALLOC_FL_KEEP_SIZE.
int tributary_reserve(int descriptor, int64_t size);

/// preadv2(2) with RWF_NOWAIT and one part: what is in memory only; -1 and EAGAIN where nothing of it is.
int64_t tributary_read_resident(int descriptor, void *bytes, uint64_t count, int64_t position);

/// lseek(2) with SEEK_DATA. The descriptor's own position moves; readers that use pread(2) do not care.
int64_t tributary_seek_data(int descriptor, int64_t position);

struct tributary_clock_discipline {
    int32_t state;  // what adjtimex(2) returned, 0 to 5
    int32_t status;
    int32_t tai_offset;
    int64_t offset;
    int64_t frequency;
    int64_t maximum_error;
    int64_t estimated_error;
    int64_t time_constant;
    int64_t tick;
    // Of the signal of a pulse per second.
    int64_t pulse_frequency;
    int64_t pulse_jitter;
    int64_t pulse_interval;
    int64_t pulse_stability;
    int64_t pulse_jitter_exceeded;
    int64_t pulse_calibrations;
    int64_t pulse_calibration_errors;
    int64_t pulse_stability_exceeded;
};

/// adjtimex(2) that changes nothing.
int tributary_read_clock_discipline(struct tributary_clock_discipline *discipline);

/// malloc_trim(3), and madvise(2) with MADV_DONTNEED for the pages of the program and its libraries that no one writes to.
/// They are read from their files again, which the page cache holds, when they are next used.
void tributary_release_memory(void);

struct tributary_datagram {
    uint64_t length;   // bytes taken
    uint32_t dropped;  // by the kernel since the socket was made, as far as is known (SO_RXQ_OVFL); modulo 2^32
    bool has_dropped;
    bool is_cut;       // it was longer than the buffer
};

/// Has the kernel tell with each datagram how many it dropped: SO_RXQ_OVFL, socket(7).
int tributary_tell_dropped(int descriptor);

/// recvmsg(2) that does not wait.
int tributary_receive(int descriptor, void *buffer, uint64_t size, struct tributary_datagram *datagram);

/// Names the calling thread, as tools show it; the kernel keeps 15 bytes.
void tributary_name_thread(const char *name);

#endif
