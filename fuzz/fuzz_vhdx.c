/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of an image stand megabytes apart, with nothing between them: an input is a list of
 * pieces, each with its place (16 bits, in pages of 4 KiB) and its length (16 bits) in front. */
#include "base/cursor.h"
#include "parser_harness.h"
#include "parsers/vhdx/vhdx.h"

enum { PAGE_OF_PLACE = 4096, PLACES = 2560 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    size_t image_bytes = 0;
    EX_AUTO_FREE uint8_t *image = calloc(PLACES + 16, PAGE_OF_PLACE);
    struct ex_cursor c = ex_cursor_make(data, size);
    while (image != NULL && ex_cursor_left(&c) > 4) {
        size_t at = (size_t)(ex_cursor_le16(&c) % PLACES) * PAGE_OF_PLACE, n = ex_cursor_le16(&c);
        n = n < ex_cursor_left(&c) ? n : ex_cursor_left(&c);
        ex_cursor_copy(&c, image + at, n);
        image_bytes = at + n > image_bytes ? at + n : image_bytes;
    }
    struct parser_run run = {.inputs = 1, .input = {image}, .size = {image_bytes}};
    harness_run(&vhdx_parser, &run);
    return 0;
}
