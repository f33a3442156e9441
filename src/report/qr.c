/* SPDX-License-Identifier: Apache-2.0 */
#include "report/page_internal.h"

#include <errno.h>
#include <qrencode.h>
#include <sodium.h>

static bool dark(const QRcode *code, int x, int y) {
    return (code->data[y * code->width + x] & 1) != 0;
}

static ex_code encode(const char *text, QRcode **ret, struct ex_error *err) {
    /* Digits and capitals go into the code's smaller alphabet by themselves. */
    QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_Q, QR_MODE_8, 1);
    if (code == NULL && errno == ENOMEM)
        return ex_fail(err, EX_NOMEM, "no memory for a QR code");
    if (code == NULL)
        return ex_fail(err, EX_LIMIT, "a text does not fit into a QR code");
    *ret = code;
    return EX_OK;
}

static void wipe(QRcode *code) {
    sodium_memzero(code->data, (size_t)code->width * (size_t)code->width);
    QRcode_free(code);
}

/* A row as runs of dark modules: fewer shapes, and no hairlines between neighbours in print. */
static void each_run(const QRcode *code, void (*fn)(void *context, int x, int y, int width),
                     void *context) {
    for (int y = 0; y < code->width; y++)
        for (int x = 0; x < code->width; x++) {
            int begin = x;
            while (x < code->width && dark(code, x, y))
                x++;
            if (x > begin)
                fn(context, begin, y, x - begin);
        }
}

ex_code qr_each_run(const char *text, void (*fn)(void *context, int x, int y, int width),
                    void *context, int *ret_side, struct ex_error *err) {
    QRcode *code;
    EX_TRY(encode(text, &code, err));
    *ret_side = code->width;
    each_run(code, fn, context);
    wipe(code);
    return EX_OK;
}

static void put_run(void *context, int x, int y, int width) {
    page_put_format(context, "M%d %dh%dv1h-%dz", x + QR_QUIET_MODULES, y + QR_QUIET_MODULES, width,
                    width);
}

ex_code qr_put_svg(struct page *p, const char *text, const char *label, struct ex_error *err) {
    QRcode *code;
    EX_TRY(encode(text, &code, err));
    int side = code->width + 2 * QR_QUIET_MODULES;
    page_put_format(p,
                    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\" "
                    "shape-rendering=\"crispEdges\"><title>",
                    side, side);
    page_put_plain(p, label);
    page_put_format(p, "</title><rect width=\"%d\" height=\"%d\" fill=\"#fff\"/><path d=\"", side,
                    side);
    each_run(code, put_run, p);
    page_put(p, "\"/></svg>");
    wipe(code);
    return EX_OK;
}
