/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures, recordings and programs whose signature is in several places. */
#include "formats/kind_internal.h"

#include "base/cursor.h"

#include <string.h>

/* Microsoft and IBM, "Multimedia Programming Interface 1.0": RIFF. */
static bool is_riff(const uint8_t *head, size_t size, struct kind *ret) {
    if (!kind_has(head, size, 0, SIGNATURE("RIFF")))
        return false;
    return (kind_has(head, size, 8, SIGNATURE("WEBP")) &&
            kind_say(ret, "webp", "WebP picture", "")) ||
           (kind_has(head, size, 8, SIGNATURE("WAVE")) &&
            kind_say(ret, "wav", "WAVE recording", "")) ||
           (kind_has(head, size, 8, SIGNATURE("AVI ")) &&
            kind_say(ret, "avi", "AVI recording", ""));
}

/* ISO/IEC 14496-12 §4.3: the box `ftyp`, by its major brand; ISO/IEC 23008-12 §10 for pictures. */
static bool is_base_media(const uint8_t *head, size_t size, struct kind *ret) {
    static const char *const PICTURES[] = {"heic", "heix", "heim", "heis", "mif1", "msf1", "avif"};
    if (!kind_has(head, size, 4, SIGNATURE("ftyp")) || size < 12)
        return false;
    for (size_t i = 0; i < sizeof PICTURES / sizeof PICTURES[0]; i++)
        if (memcmp(head + 8, PICTURES[i], 4) == 0)
            return kind_say(ret, "heif", "HEIF or AVIF picture", "");
    return kind_say(ret, "mp4", "MP4 or QuickTime recording", "");
}

/* Microsoft PE format: the place of the signature stands at 60. */
static bool is_pe(const uint8_t *head, size_t size, struct kind *ret) {
    struct ex_cursor c = ex_cursor_make(head, size);
    if (!kind_has(head, size, 0, SIGNATURE("MZ")))
        return false;
    (void)ex_cursor_bytes(&c, 60);
    uint32_t at = ex_cursor_le32(&c);
    if (ex_cursor_check(&c, "a header", NULL) != EX_OK ||
        !kind_has(head, size, at, SIGNATURE("PE\x00\x00")))
        return false;
    return kind_say(ret, "pe", "Windows program or library", "");
}

bool kind_of_media(const uint8_t *head, size_t size, struct kind *ret) {
    return is_riff(head, size, ret) || is_base_media(head, size, ret) || is_pe(head, size, ret);
}
