#ifndef TRIBUTARY_CZSTD_H
#define TRIBUTARY_CZSTD_H
#include <zstd.h>
#endif
