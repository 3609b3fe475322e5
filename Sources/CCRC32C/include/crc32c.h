#ifndef TRIBUTARY_CRC32C_H
#define TRIBUTARY_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78) of `length` bytes, continued from `crc`.
/// Begin with 0; the result of one call is the start of the next.
/// Uses the CPU's instruction where it has one (SSE 4.2, ARMv8 CRC), else a table.
uint32_t tributary_crc32c(uint32_t crc, const void *bytes, size_t length);

/// The same by table only, so that a test can hold one against the other.
uint32_t tributary_crc32c_table(uint32_t crc, const void *bytes, size_t length);

#endif
