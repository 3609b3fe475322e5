#define _GNU_SOURCE

#include "linux_calls.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <unistd.h>

static int take(int descriptor, const char *path, int flags, struct tributary_file_status *status) {
    struct statx found;
    if (statx(descriptor, path, flags, STATX_BASIC_STATS | STATX_BTIME, &found) == -1) return -1;
    *status = (struct tributary_file_status){
        .mode = found.stx_mode,
        .device_major = found.stx_dev_major,
        .device_minor = found.stx_dev_minor,
        .links = found.stx_nlink,
        .inode = found.stx_ino,
        .size = found.stx_size,
        .blocks = found.stx_blocks,
        .modified_seconds = found.stx_mtime.tv_sec,
        .modified_nanoseconds = found.stx_mtime.tv_nsec,
        .has_birth = (found.stx_mask & STATX_BTIME) != 0,
        .birth_seconds = found.stx_btime.tv_sec,
        .birth_nanoseconds = found.stx_btime.tv_nsec,
    };
    return 0;
}

int tributary_status(const char *path, bool follow_links, struct tributary_file_status *status) {
    return take(AT_FDCWD, path, follow_links ? 0 : AT_SYMLINK_NOFOLLOW, status);
}

int tributary_descriptor_status(int descriptor, struct tributary_file_status *status) {
    return take(descriptor, "", AT_EMPTY_PATH, status);
}

int tributary_reserve(int descriptor, int64_t size) {
    return fallocate(descriptor, FALLOC_FL_KEEP_SIZE, 0, size);
}

int64_t tributary_read_resident(int descriptor, void *bytes, uint64_t count, int64_t position) {
    struct iovec part = {.iov_base = bytes, .iov_len = count};
    return preadv2(descriptor, &part, 1, position, RWF_NOWAIT);
}

int64_t tributary_seek_data(int descriptor, int64_t position) {
    return lseek(descriptor, position, SEEK_DATA);
}

int tributary_read_clock_discipline(struct tributary_clock_discipline *discipline) {
    struct timex found = {.modes = 0};
    int state = adjtimex(&found);
    if (state == -1) return -1;
    *discipline = (struct tributary_clock_discipline){
        .state = state,
        .status = found.status,
        .tai_offset = found.tai,
        .offset = found.offset,
        .frequency = found.freq,
        .maximum_error = found.maxerror,
        .estimated_error = found.esterror,
        .time_constant = found.constant,
        .tick = found.tick,
        .pulse_frequency = found.ppsfreq,
        .pulse_jitter = found.jitter,
        .pulse_interval = found.shift,
        .pulse_stability = found.stabil,
        .pulse_jitter_exceeded = found.jitcnt,
        .pulse_calibrations = found.calcnt,
        .pulse_calibration_errors = found.errcnt,
        .pulse_stability_exceeded = found.stbcnt,
    };
    return 0;
}

/// Whether the loader changed pages that are read-only now: they are not what is in the file.
static bool has_text_relocations(const struct dl_phdr_info *object) {
    for (int index = 0; index < object->dlpi_phnum; index++) {
        const ElfW(Phdr) *header = &object->dlpi_phdr[index];
        if (header->p_type != PT_DYNAMIC) continue;
        const ElfW(Dyn) *entry = (const ElfW(Dyn) *)(object->dlpi_addr + header->p_vaddr);
        for (; entry->d_tag != DT_NULL; entry++) {
            if (entry->d_tag == DT_TEXTREL) return true;
            if (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL)) return true;
        }
    }
    return false;
}

static int release_object(struct dl_phdr_info *object, size_t size, void *page_size) {
    (void)size;
    // The kernel's own object is in no file.
    if (object->dlpi_name != NULL && strncmp(object->dlpi_name, "linux-", 6) == 0) return 0;
    if (has_text_relocations(object)) return 0;
    uintptr_t mask = *(uintptr_t *)page_size - 1;
    for (int index = 0; index < object->dlpi_phnum; index++) {
        const ElfW(Phdr) *header = &object->dlpi_phdr[index];
        if (header->p_type != PT_LOAD || (header->p_flags & PF_W)) continue;
        uintptr_t start = (object->dlpi_addr + header->p_vaddr) & ~mask;
        uintptr_t end = (object->dlpi_addr + header->p_vaddr + header->p_memsz + mask) & ~mask;
        // Where the kernel refuses, as for locked pages, they stay.
        madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 0;
}

void tributary_release_memory(void) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
    uintptr_t page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
    dl_iterate_phdr(release_object, &page_size);
}

void tributary_name_thread(const char *name) {
    prctl(PR_SET_NAME, name, 0, 0, 0);
}

int tributary_tell_dropped(int descriptor) {
    int on = 1;
    return setsockopt(descriptor, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
}

int tributary_receive(int descriptor, void *buffer, uint64_t size, struct tributary_datagram *datagram) {
    // Aligned as a control message is.
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(uint32_t))];
    } control;
    struct iovec part = {.iov_base = buffer, .iov_len = size};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t length = recvmsg(descriptor, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (length == -1) return -1;
    datagram->length = (uint64_t)length;
    datagram->is_cut = (message.msg_flags & MSG_TRUNC) != 0;
    datagram->has_dropped = false;
    datagram->dropped = 0;
    for (struct cmsghdr *one = CMSG_FIRSTHDR(&message); one != NULL; one = CMSG_NXTHDR(&message, one)) {
        if (one->cmsg_level == SOL_SOCKET && one->cmsg_type == SO_RXQ_OVFL) {
            memcpy(&datagram->dropped, CMSG_DATA(one), sizeof datagram->dropped);
            datagram->has_dropped = true;
        }
    }
    return 0;
}
