/* SPDX-License-Identifier: Apache-2.0 */
#include "app/act_internal.h"

#include "crypto/blockhash.h"
#include "report/custody_form.h"

#include <gnu/libc-version.h>
#ifdef EXHIBIT_HAVE_IPSEC_MB
#include <intel-ipsec-mb.h>
#endif
#include <isa-l.h>
#include <nettle/version.h>
#include <openssl/crypto.h>
#include <qrencode.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <uthash.h>
#include <zstd.h>

static void add(json_t *list, const char *name, const char *version) {
    json_array_append_new(list, json_pack("{s:s, s:s}", "name", name, "version", version));
}

ex_code app_version(struct act *act, json_t **ret_result, struct ex_error *err) {
    char nettle[24], isal[40];
    json_t *list = json_array();
    (void)act;
    (void)err;
    (void)snprintf(nettle, sizeof nettle, "%d.%d", nettle_version_major(), nettle_version_minor());
    add(list, "cairo", custody_form_cairo_version());
    add(list, "glibc", gnu_get_libc_version());
    (void)snprintf(isal, sizeof isal, "%d.%d.%d", ISAL_MAJOR_VERSION, ISAL_MINOR_VERSION,
                   ISAL_PATCH_VERSION); /* of the headers: the library tells nobody its own */
    add(list, "isa-l", isal);
    add(list, "jansson", jansson_version_str());
#ifdef EXHIBIT_HAVE_IPSEC_MB
    add(list, "libipsec-mb", imb_get_version_str());
#endif
    add(list, "libqrencode", QRcode_APIVersionString());
    add(list, "libsodium", sodium_version_string());
    add(list, "nettle", nettle);
    add(list, "openssl", OpenSSL_version(OPENSSL_VERSION_STRING));
    add(list, "pango", custody_form_pango_version());
    add(list, "sqlite", sqlite3_libversion());
    add(list, "uthash", EX_STRINGIFY(UTHASH_VERSION));
    add(list, "zstd", ZSTD_versionString());
    *ret_result = json_pack("{s:s, s:o, s:s, s:s}", "version", EXHIBIT_VERSION, "libraries", list,
                            "block_hash_engine", block_hasher_engine(), "compiler", __VERSION__);
    return EX_OK;
}
