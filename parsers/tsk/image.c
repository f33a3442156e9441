/* SPDX-License-Identifier: Apache-2.0 */
/* Input 0 as an image of libtsk, and its errors as ours. */
#include "parsers/tsk/image_internal.h"

#include "parsers/tsk/tsk.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <tsk/fs/tsk_ext2fs.h>
#include <tsk/fs/tsk_ntfs.h>

#define NO_ZONE "UTC0"

void tsk_process_setup(void) {
    const char *zone = getenv("TZ");
    if (zone != NULL && strcmp(zone, NO_ZONE) == 0)
        return;
    (void)setenv("TZ", NO_ZONE, 1);
    tzset();
}

static bool is_of_input(ex_code code) {
    return code == EX_IO || code == EX_FORMAT || code == EX_ALTERED || code == EX_MISSING;
}

/* libtsk reads 64 KiB at once into its cache. When that fails it asks again for what it wants. */
static bool is_read_ahead(const TSK_IMG_INFO *img, const char *to) {
    const char *first = &img->cache[0][0];
    return (uintptr_t)to >= (uintptr_t)first &&
           (uintptr_t)to < (uintptr_t)first + sizeof img->cache;
}

/* What libtsk keeps of the file system is overwritten by a read that fails, and of NTFS said to be
 * there before it is read. */
static void drop_kept(TSK_FS_INFO *fs) {
    if (fs != NULL && TSK_FS_TYPE_ISEXT(fs->ftype)) {
        EXT2FS_INFO *ext = (EXT2FS_INFO *)fs;
        ext->grp_num = ext->bmap_grp_num = ext->imap_grp_num = UINT64_MAX;
    } else if (fs != NULL && fs->ftype == TSK_FS_TYPE_NTFS) {
        ((NTFS_INFO *)fs)->bmap_buf_off = UINT64_MAX;
    }
}

/* What libtsk wants may end before the last sector that it asks for: then that sector being unread
 * alone is no loss. Of fewer bytes than it wants libtsk 4.11 makes an error; of none, and of -1, it
 * makes success where it wants a part of a sector: so there is always one. What was in `to` before
 * stays there. */
static ssize_t read_in_part(struct image *image, uint64_t offset, char *to, size_t n,
                            struct ex_error *why) {
    size_t last = (size_t)((offset + n) % IMAGE_SECTOR_BYTES), sure = n > last ? n - last : 0;
    bool apart = offset % IMAGE_SECTOR_BYTES != 0 && last > 0 && sure > 0;
    if (apart && parser_read(image->run, 0, offset, to, sure, why) == EX_OK)
        return (ssize_t)sure;
    image->unread = *why;
    if (!is_of_input(why->code))
        image->broken = *why;
    drop_kept(image->fs);
    tsk_error_reset();
    tsk_error_set_errno(TSK_ERR_IMG_READ);
    tsk_error_set_errstr("%s", why->text);
    return 1;
}

/* What is behind the end is not there: fewer bytes, as of a file. */
static ssize_t read_image(TSK_IMG_INFO *img, TSK_OFF_T offset, char *to, size_t size_bytes) {
    struct image *image = (struct image *)img;
    if (offset < 0 || offset >= img->size) {
        tsk_error_reset();
        tsk_error_set_errno(TSK_ERR_IMG_READ_OFF);
        tsk_error_set_errstr("byte %lld is behind the end", (long long)offset);
        return -1;
    }
    uint64_t left = (uint64_t)(img->size - offset);
    size_t n = size_bytes < left ? size_bytes : (size_t)left;
    struct ex_error why = {0};
    if (parser_read(image->run, 0, (uint64_t)offset, to, n, &why) == EX_OK)
        return (ssize_t)n;
    if (is_read_ahead(img, to))
        return -1;
    return read_in_part(image, (uint64_t)offset, to, n, &why);
}

static void close_image(TSK_IMG_INFO *img) {
    free(img);
}

static void describe_image(TSK_IMG_INFO *img, FILE *to) {
    (void)img;
    (void)to;
}

ex_code image_open(struct parser_run *run, struct image **ret, struct ex_error *err) {
    uint64_t size = parser_input_size(run, 0);
    if (size < IMAGE_SECTOR_BYTES)
        return ex_fail(err, EX_FORMAT, "too small for a disk or a file system");
    if (size > INT64_MAX)
        return ex_fail(err, EX_LIMIT, "more bytes than libtsk can count");
    tsk_process_setup();
    EX_AUTO(image_close) struct image *image = NULL;
    EX_TRY(ex_alloc(1, sizeof *image, sizeof *image, "a disk", &image, err));
    image->run = run;
    if (tsk_img_open_external(image, (TSK_OFF_T)size, IMAGE_SECTOR_BYTES, read_image, close_image,
                              describe_image) == NULL)
        return ex_fail(err, EX_INTERNAL, "libtsk does not take the input");
    *ret = ex_steal(&image);
    return EX_OK;
}

void image_close(struct image *image) {
    if (image != NULL && image->img.tag == TSK_IMG_INFO_TAG)
        tsk_img_close(&image->img);
    else
        free(image);
}

void image_forget(struct image *image) {
    tsk_error_reset();
    image->unread.code = EX_OK;
}

bool image_is_unread(const struct image *image) {
    return image->unread.code != EX_OK;
}

ex_code image_check(const struct image *image, struct ex_error *err) {
    if (image->broken.code == EX_OK)
        return EX_OK;
    if (err != NULL)
        *err = image->broken;
    return image->broken.code;
}

static ex_code code_of(uint32_t number) {
    switch (number) {
    case TSK_ERR_AUX_MALLOC:
        return EX_LIMIT;
    case TSK_ERR_FS_UNSUPTYPE:
    case TSK_ERR_FS_UNSUPFUNC:
    case TSK_ERR_VS_UNSUPTYPE:
        return EX_UNSUPPORTED;
    case TSK_ERR_FS_ENCRYPTED:
    case TSK_ERR_VS_ENCRYPTED:
        return EX_DENIED;
    default:
        return EX_FORMAT;
    }
}

void image_reason(struct image *image, struct ex_error *ret) {
    memset(ret, 0, sizeof *ret);
    const char *text = tsk_error_get_errno() != 0 ? tsk_error_get() : NULL;
    ret->code = image->unread.code != EX_OK ? EX_IO : code_of(tsk_error_get_errno());
    if (image->unread.code != EX_OK)
        text = image->unread.text;
    (void)snprintf(ret->text, sizeof ret->text, "%s",
                   text != NULL ? text : "libtsk gives no reason");
    for (char *c = ret->text; *c != '\0'; c++)
        if (*c < ' ' || *c > '~')
            *c = *c == '\n' || *c == '\t' ? ' ' : '?';
    for (size_t n = strlen(ret->text); n > 0 && ret->text[n - 1] == ' '; n--)
        ret->text[n - 1] = '\0';
    image_forget(image);
}

ex_code image_problem(struct image *image, uint32_t parent, const char *key, struct ex_error *err) {
    struct ex_error why;
    EX_TRY(image_check(image, err));
    image_reason(image, &why);
    return parser_trace_problem(image->run, parent, key, &why, err);
}

const char *image_library(void) {
    static char text[48];
    (void)snprintf(text, sizeof text, "libtsk %.32s", tsk_version_get_str());
    return text;
}
