/* SPDX-License-Identifier: Apache-2.0 */
#include "report/page_internal.h"

#include <errno.h>
#include <qrencode.h>
#include <sodium.h>

enum { QUIET_MODULES = 4 }; /* white around a code, as ISO/IEC 18004 wants it */

static bool dark(const QRcode *code, int x, int y) {
    return (code->data[y * code->width + x] & 1) != 0;
}

/* A row as runs of dark modules: fewer shapes, and no hairlines between neighbours in print. */
static void put_row(struct page *p, const QRcode *code, int y) {
    for (int x = 0; x < code->width; x++) {
        int begin = x;
        while (x < code->width && dark(code, x, y))
            x++;
        if (x > begin)
            page_put_format(p, "M%d %dh%dv1h-%dz", begin + QUIET_MODULES, y + QUIET_MODULES,
                            x - begin, x - begin);
    }
}

ex_code qr_put_svg(struct page *p, const char *text, const char *label, struct ex_error *err) {
    /* Digits and capitals go into the code's smaller alphabet by themselves. */
    QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_Q, QR_MODE_8, 1);
    if (code == NULL && errno == ENOMEM)
        return ex_fail(err, EX_NOMEM, "no memory for a QR code");
    if (code == NULL)
        return ex_fail(err, EX_LIMIT, "a text does not fit into a QR code");
    int side = code->width + 2 * QUIET_MODULES;
    page_put_format(p,
                    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\" "
                    "shape-rendering=\"crispEdges\"><title>",
                    side, side);
    page_put_plain(p, label);
    page_put_format(p, "</title><rect width=\"%d\" height=\"%d\" fill=\"#fff\"/><path d=\"", side,
                    side);
    for (int y = 0; y < code->width; y++)
        put_row(p, code, y);
    page_put(p, "\"/></svg>");
    sodium_memzero(code->data, (size_t)code->width * (size_t)code->width);
    QRcode_free(code);
    return EX_OK;
}
