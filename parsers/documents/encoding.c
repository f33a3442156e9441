/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/documents/encoding.h"

#include <unicode/ucnv.h>

bool encoding_is_known(const char *name) {
    UErrorCode code = U_ZERO_ERROR;
    UConverter *c = *name != '\0' ? ucnv_open(name, &code) : NULL;
    bool known = c != NULL && U_SUCCESS(code);
    ucnv_close(c);
    return known;
}

static ex_code convert_all(UConverter *from, UConverter *utf8, const uint8_t *bytes, size_t size,
                           size_t limit, struct piece *to, struct ex_error *err) {
    char out[4096];
    UChar pivot[1024], *pivot_from = pivot, *pivot_to = pivot;
    const char *at = (const char *)bytes, *end = at + size;
    for (bool more = true, first = true; more; first = false) {
        UErrorCode code = U_ZERO_ERROR;
        char *target = out;
        ucnv_convertEx(utf8, from, &target, out + sizeof out, &at, end, pivot, &pivot_from,
                       &pivot_to, pivot + sizeof pivot / sizeof pivot[0], first, 1, &code);
        more = code == U_BUFFER_OVERFLOW_ERROR;
        if (U_FAILURE(code) && !more)
            return ex_fail(err, EX_FORMAT, "its encoding: %s", u_errorName(code));
        EX_TRY(piece_add(to, out, (size_t)(target - out), limit, err));
    }
    return EX_OK;
}

ex_code encoding_convert(const char *name, const uint8_t *bytes, size_t size_bytes,
                         size_t limit_bytes, struct piece *to, struct ex_error *err) {
    UErrorCode code = U_ZERO_ERROR;
    UConverter *from = *name != '\0' ? ucnv_open(name, &code) : NULL;
    UConverter *utf8 = ucnv_open("UTF-8", &code);
    ex_code done;
    if (from == NULL || utf8 == NULL || U_FAILURE(code))
        done = ex_fail(err, EX_UNSUPPORTED, "an encoding that is not known: %.60s", name);
    else
        done = convert_all(from, utf8, bytes, size_bytes, limit_bytes, to, err);
    ucnv_close(from);
    ucnv_close(utf8);
    return done;
}

bool encoding_is_utf8(const uint8_t *bytes, size_t size_bytes) {
    for (size_t i = 0; i < size_bytes;) {
        uint8_t c = bytes[i];
        unsigned more = c < 0x80   ? 0
                        : c < 0xC2 ? 4
                        : c < 0xE0 ? 1
                        : c < 0xF0 ? 2
                        : c < 0xF5 ? 3
                                   : 4;
        if (more == 4 || more > size_bytes - i - 1)
            return false;
        uint8_t second = more > 0 ? bytes[i + 1] : 0x80;
        if ((c == 0xE0 && second < 0xA0) || (c == 0xED && second > 0x9F) ||
            (c == 0xF0 && second < 0x90) || (c == 0xF4 && second > 0x8F))
            return false;
        for (unsigned k = 1; k <= more; k++)
            if ((bytes[i + k] & 0xC0) != 0x80)
                return false;
        i += 1 + more;
    }
    return true;
}
