/* SPDX-License-Identifier: Apache-2.0 */
/* Records as they stand in the input, for what libtsk does not tell of them or gets wrong. Each
 * gives false when the record cannot be had. */
#ifndef EXHIBIT_PARSERS_TSK_RAW_INTERNAL_H
#define EXHIBIT_PARSERS_TSK_RAW_INTERNAL_H

#include "parsers/tsk/files_internal.h"

#include <tsk/fs/tsk_iso9660.h>

enum { RAW_EXT_SMALL_BYTES = 128, RAW_EXT_BYTES = 160, RAW_FAT_BYTES = 32, RAW_ISO_TIME_BYTES = 7 };

enum raw_ext_flag {
    RAW_EXT_COMPRESSED = 0x200, /* at least one of its clusters is */
    RAW_EXT_ENCRYPTED = 0x800,
    RAW_EXT_VERITY = 0x100000
};

struct raw_inode {
    uint8_t bytes[RAW_EXT_BYTES];
    size_t size; /* of what the inode says that it has */
    uint32_t flags;
};
bool raw_ext_inode(struct files *f, const TSK_FS_META *meta, struct raw_inode *ret);

bool raw_fat_entry(struct files *f, TSK_INUM_T inode, uint8_t to[static RAW_FAT_BYTES]);
bool raw_is_exfat_file(const uint8_t entry[static RAW_FAT_BYTES]);
/* How many bytes of a content of `size` were ever written: zeros are behind them. */
bool raw_exfat_written(struct files *f, TSK_INUM_T inode, uint64_t size, uint64_t *ret);

struct raw_iso {
    uint32_t block;
    uint8_t attribute_blocks; /* before the content */
    bool interleaved;
    bool part; /* of a file that has several records */
    uint8_t time[RAW_ISO_TIME_BYTES];
};
bool raw_iso_record(struct files *f, TSK_INUM_T inode, struct raw_iso *ret);

#endif
