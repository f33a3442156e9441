/* SPDX-License-Identifier: Apache-2.0 */
/* The one file in C++: docs/decisions/0030-pdf.md. Nothing is thrown past it. */
#define _Noreturn [[noreturn]]
extern "C" {
#include "parsers/pdf/library.h"
}

#include <Annot.h>
#include <Array.h>
#include <Catalog.h>
#include <Dict.h>
#include <Error.h>
#include <ErrorCodes.h>
#include <GfxState.h>
#include <GlobalParams.h>
#include <Object.h>
#include <OptionalContent.h>
#include <PDFDoc.h>
#include <PDFDocEncoding.h>
#include <Page.h>
#include <Stream.h>
#include <TextOutputDev.h>
#include <poppler-config.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <vector>

namespace {

constexpr size_t INPUT_BUFFER_BYTES = 4096;
/* Text outside of a page's box is text: the page is drawn with this much around it (points). */
constexpr int AROUND = 200000;

/* ---- the bytes ---- */

/* Input 0, and words of ours behind it. */
struct source {
    struct parser_run *run;
    Goffset size; /* of what is read of it */
    std::string behind;
    Goffset end() const {
        return size + static_cast<Goffset>(behind.size());
    }
};

/* A part of it. What cannot be read ends it; the supervisor knows that by itself. */
class InputStream : public BaseStream {
  public:
    InputStream(std::shared_ptr<const struct source> fromA, Goffset startA, bool limitedA,
                Goffset lengthA, Object &&dictA)
        : BaseStream(std::move(dictA), lengthA), from(std::move(fromA)), start(startA),
          limited(limitedA), end(from->end()), at(startA) {
    }
    BaseStream *copy() override {
        return new InputStream(from, start, limited, length, dict.copy());
    }
    Stream *makeSubStream(Goffset startA, bool limitedA, Goffset lengthA, Object &&dictA) override {
        return new InputStream(from, startA, limitedA, lengthA, std::move(dictA));
    }
    StreamKind getKind() const override {
        return strWeird;
    }
    void reset() override {
        setPos(start);
    }
    int getChar() override {
        return next < filled || fill() ? buffer[next++] : EOF;
    }
    int lookChar() override {
        return next < filled || fill() ? buffer[next] : EOF;
    }
    int getUnfilteredChar() override {
        return getChar();
    }
    void unfilteredReset() override {
        reset();
    }
    Goffset getPos() override {
        return at - static_cast<Goffset>(filled - next);
    }
    void setPos(Goffset pos, int dir = 0) override {
        at = std::clamp<Goffset>(dir >= 0 ? pos : end - pos, 0, end);
        next = filled = 0;
    }
    Goffset getStart() override {
        return start;
    }
    void moveStart(Goffset delta) override {
        start += delta;
        setPos(start);
    }

  private:
    bool fill() {
        Goffset stop = limited && length < end - start ? start + length : end;
        struct ex_error err;
        size_t size = INPUT_BUFFER_BYTES;
        next = filled = 0;
        if (start < 0 || at < 0 || at >= stop)
            return false;
        size = std::min(size, static_cast<size_t>(stop - at));
        if (at >= from->size) {
            memcpy(buffer, from->behind.data() + (at - from->size), size);
        } else {
            size = std::min(size, static_cast<size_t>(from->size - at));
            if (parser_read(from->run, 0, static_cast<uint64_t>(at), buffer, size, &err) != EX_OK)
                return false;
        }
        at += static_cast<Goffset>(size);
        filled = size;
        return true;
    }
    bool hasGetChars() override {
        return true;
    }
    int getChars(int wanted, unsigned char *to) override {
        int got = 0;
        while (got < wanted && (next < filled || fill())) {
            size_t part = std::min(filled - next, static_cast<size_t>(wanted - got));
            memcpy(to + got, buffer + next, part);
            next += part;
            got += static_cast<int>(part);
        }
        return got;
    }

    std::shared_ptr<const struct source> from;
    Goffset start;
    bool limited;
    Goffset end, at; /* at: behind what is in the buffer */
    size_t next = 0, filled = 0;
    unsigned char buffer[INPUT_BUFFER_BYTES];
};

} // namespace

struct pdfl {
    std::unique_ptr<PDFDoc> doc;
    size_t pages = 0;
    int64_t pages_claimed = 0;
    bool pages_cut = false;
    unsigned hidden_notes = 0; /* annotations that bring their drawing and do not show it */
    bool show_hidden = false;
    struct pdfl_messages messages = {};
    std::vector<std::pair<OptionalContentGroup *, OptionalContentGroup::State>> layers;
};

struct pdfl_value {
    Object object;
    int number;
};

namespace {

/* ---- messages ----
 * The library's callback has no context. */
struct pdfl *at_work;

void keep_message(uint64_t *count, char *first, const char *text) {
    if ((*count)++ > 0)
        return;
    size_t i = 0;
    for (; text[i] != '\0' && i + 1 < PDFL_MESSAGE_BYTES; i++)
        first[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    first[i] = '\0';
}

void take_message(ErrorCategory category, Goffset, const char *text) {
    if (at_work == nullptr)
        return;
    struct pdfl_messages *m = &at_work->messages;
    bool map = strstr(text, "language pack") != nullptr || strstr(text, "find CMap") != nullptr;
    if (map || category == errUnimplemented)
        keep_message(&m->unknown, m->first_unknown, text);
    else if (category == errSyntaxError || category == errInternal || category == errIO)
        keep_message(&m->damaged, m->first_damaged, text);
}

/* No exception of the library, or for want of memory, goes further than this file; what it ended is
 * said like any other fault. */
template <typename R, typename F> R guarded(R otherwise, F &&work) noexcept {
    try {
        return work();
    } catch (const std::exception &e) {
        take_message(errInternal, 0, e.what());
    } catch (...) {
        take_message(errInternal, 0, "the library gave up");
    }
    return otherwise;
}

/* ---- text ---- */

/* In the order in which it is drawn: by its place on the page, marks of Khmer that stand below a
 * letter come apart from it. With a count of what a reader would not see. */
class Text : public TextOutputDev {
  public:
    Text(TextOutputFunc take, void *context, const PDFRectangle *boxA, struct pdfl_counts *countsA)
        : TextOutputDev(take, context, false, 0, true, false), box(*boxA), counts(countsA) {
        setTextEOL(eolUnix);
        setTextPageBreaks(false);
    }
    void startPage(int page, GfxState *state, XRef *xref) override {
        double x, y, x2, y2;
        state->transform(box.x1, box.y1, &x, &y);
        state->transform(box.x2, box.y2, &x2, &y2);
        left = std::min(x, x2);
        right = std::max(x, x2);
        top = std::min(y, y2);
        bottom = std::max(y, y2);
        TextOutputDev::startPage(page, state, xref);
    }
    void drawChar(GfxState *state, double x, double y, double dx, double dy, double originX,
                  double originY, CharCode code, int size, const Unicode *u, int length) override {
        double at_x, at_y;
        state->transform(x, y, &at_x, &at_y);
        counts->characters++;
        counts->invisible += (state->getRender() & 3) == 3 ? 1 : 0;
        counts->outside += at_x < left || at_x > right || at_y < top || at_y > bottom ? 1 : 0;
        TextOutputDev::drawChar(state, x, y, dx, dy, originX, originY, code, size, u, length);
    }

  private:
    PDFRectangle box;
    struct pdfl_counts *counts;
    double left = 0, right = 0, top = 0, bottom = 0;
};

struct taking {
    pdfl_take_fn *take;
    void *context;
};

void pass_on(void *context, const char *text, int size) {
    auto *t = static_cast<struct taking *>(context);
    if (size > 0)
        t->take(t->context, text, static_cast<size_t>(size));
}

/* Without a stream of its own the library would make one, with fonts of the system. */
bool is_shown(Annot *annotation, void *context) {
    constexpr unsigned HIDING = Annot::flagHidden | Annot::flagNoView;
    auto *d = static_cast<struct pdfl *>(context);
    if (!annotation->getAppearance().isStream())
        return false;
    if ((annotation->getFlags() & HIDING) != 0) {
        d->hidden_notes++;
        if (d->show_hidden)
            annotation->setFlags(annotation->getFlags() & ~HIDING);
    }
    return true;
}

struct pdfl_value *value_of(Object &&o, int number) {
    if (o.isNull() || o.isError() || o.isEOF() || o.isNone())
        return nullptr;
    return new pdfl_value{std::move(o), number};
}

struct pdfl_value *follow(const Object &o, XRef *xref) {
    return value_of(o.fetch(xref), o.isRef() ? o.getRefNum() : 0);
}

Dict *dict_of(const struct pdfl_value *v) {
    return v == nullptr           ? nullptr
           : v->object.isDict()   ? v->object.getDict()
           : v->object.isStream() ? v->object.getStream()->getDict()
                                  : nullptr;
}

bool is_picture(Stream *s) {
    for (; s != nullptr; s = s->getNextStream()) {
        StreamKind kind = s->getKind();
        if (kind == strDCT || kind == strJPX || kind == strJBIG2 || kind == strCCITTFax)
            return true;
    }
    return false;
}

} // namespace

/* ---- a process ---- */

void pdfl_process_setup(void) {
    setErrorCallback(take_message);
    globalParams = std::make_unique<GlobalParams>();
    globalParams->setTextEncoding("UTF-8");
}

const char *pdfl_version(void) {
    return "poppler " POPPLER_VERSION;
}

/* ---- a document ---- */

/* The library believes how many pages the tree claims to hold, and then reads nothing of one that
 * lies. So they are counted: no node may be in itself. */
static size_t count_pages(const Object &root, Ref root_ref, bool *ret_cut) {
    struct step {
        Object kids;
        Ref ref;
        int at;
    };
    std::vector<step> way;
    size_t pages = 0, nodes = 0;
    way.push_back({root.dictLookup("Kids"), root_ref, 0});
    while (!way.empty()) {
        step &top = way.back();
        Ref ref = Ref::INVALID();
        if (!top.kids.isArray() || top.at >= top.kids.arrayGetLength()) {
            way.pop_back();
            continue;
        }
        if (++nodes > 2 * PDFL_PAGES_MAX || pages >= PDFL_PAGES_MAX ||
            way.size() > PDFL_TREE_DEPTH_MAX) {
            *ret_cut = true;
            break;
        }
        Object kid = top.kids.getArray()->get(top.at++, &ref);
        bool loop = std::any_of(way.begin(), way.end(), [&](const step &s) {
            return s.ref == ref && ref != Ref::INVALID();
        });
        if (!kid.isDict() || loop)
            continue;
        if (kid.isDict("Page") || !kid.getDict()->hasKey("Kids"))
            pages++;
        else
            way.push_back({kid.dictLookup("Kids"), ref, 0});
    }
    return pages;
}

/* What it claims is mended in memory, before the library has looked. */
static void find_pages(struct pdfl *d) {
    Ref ref = Ref::INVALID();
    XRef *xref = d->doc->getXRef();
    Object catalog = xref->getCatalog();
    if (!catalog.isDict())
        return;
    Object root = catalog.getDict()->lookup("Pages", &ref);
    if (!root.isDict())
        return;
    Object claimed = root.dictLookup("Count");
    d->pages = count_pages(root, ref, &d->pages_cut);
    d->pages_claimed = claimed.isIntOrInt64() ? claimed.getIntOrInt64() : 0;
    if (ref == Ref::INVALID() || d->pages_claimed == static_cast<int64_t>(d->pages))
        return;
    Object mended(root.getDict()->copy(xref));
    mended.dictSet("Count", Object(static_cast<int>(d->pages)));
    xref->setModifiedObject(&mended, ref);
}

/* A field is shown as it is drawn in the file: without this the library would draw it anew, with
 * fonts of the system. */
static void keep_drawings(struct pdfl *d) {
    Object *form = d->doc->getCatalog()->getAcroForm();
    if (form != nullptr && form->isDict() && form->getDict()->hasKey("NeedAppearances"))
        form->dictSet("NeedAppearances", Object(false));
}

static void find_layers(struct pdfl *d) {
    OCGs *all = d->doc->getOptContentConfig();
    if (all == nullptr || !all->hasOCGs())
        return;
    for (const auto &one : all->getOCGs())
        d->layers.emplace_back(one.second.get(), one.second->getState());
    std::sort(d->layers.begin(), d->layers.end(), [](const auto &a, const auto &b) {
        Ref x = a.first->getRef(), y = b.first->getRef();
        return x.num != y.num ? x.num < y.num : x.gen < y.gen;
    });
}

ex_code pdfl_open(struct parser_run *run, uint64_t size_bytes, const char *behind,
                  struct pdfl **ret, struct ex_error *err) try {
    auto d = std::make_unique<pdfl>();
    struct pdfl *own = d.get();
    auto from = std::make_shared<const struct source>(
        source{run, static_cast<Goffset>(size_bytes), behind});
    at_work = own;
    auto *bytes = new InputStream(from, 0, false, from->end(), Object(objNull));
    d->doc = std::make_unique<PDFDoc>(bytes, std::nullopt, std::nullopt, nullptr,
                                      [own] { own->messages.rebuilt = true; });
    bool denied = !d->doc->isOk() && d->doc->getErrorCode() == errEncrypted;
    if (d->doc->isOk()) {
        find_pages(own);
        keep_drawings(own);
        find_layers(own);
    } else if (!denied)
        return ex_fail(err, EX_FORMAT, "it cannot be opened: %s",
                       own->messages.damaged > 0 ? own->messages.first_damaged
                                                 : "it has no catalog");
    *ret = d.release();
    return denied ? ex_fail(err, EX_DENIED, "it wants a password") : EX_OK;
} catch (...) {
    return ex_fail(err, EX_NOMEM, "no memory for a document");
}

void pdfl_free(struct pdfl *d) {
    if (at_work == d)
        at_work = nullptr;
    delete d;
}

const struct pdfl_messages *pdfl_messages(const struct pdfl *d) {
    return &d->messages;
}

void pdfl_version_of(struct pdfl *d, unsigned *ret_major, unsigned *ret_minor) {
    *ret_major = static_cast<unsigned>(std::max(d->doc->getPDFMajorVersion(), 0));
    *ret_minor = static_cast<unsigned>(std::max(d->doc->getPDFMinorVersion(), 0));
}

unsigned pdfl_pages(const struct pdfl *d) {
    return static_cast<unsigned>(d->pages);
}

bool pdfl_pages_cut(const struct pdfl *d) {
    return d->pages_cut;
}

int64_t pdfl_pages_claimed(const struct pdfl *d) {
    return d->pages_claimed;
}

bool pdfl_is_encrypted(struct pdfl *d) {
    return guarded(false, [&] { return d->doc->isEncrypted(); });
}

bool pdfl_is_linearized(struct pdfl *d) {
    at_work = d;
    return guarded(false, [&] { return d->doc->isLinearized(); });
}

/* ---- layers ---- */

unsigned pdfl_layers(struct pdfl *d) {
    return static_cast<unsigned>(d->layers.size());
}

bool pdfl_layer(struct pdfl *d, unsigned i, const char **ret_name, size_t *ret_bytes,
                bool *ret_hidden) {
    if (i >= d->layers.size())
        return false;
    const GooString *name = d->layers[i].first->getName();
    *ret_name = name != nullptr ? name->c_str() : "";
    *ret_bytes = name != nullptr ? static_cast<size_t>(name->getLength()) : 0;
    *ret_hidden = d->layers[i].second == OptionalContentGroup::Off;
    return true;
}

unsigned pdfl_hidden_notes(const struct pdfl *d) {
    return d->hidden_notes;
}

void pdfl_show_layers(struct pdfl *d, enum pdfl_show show) {
    d->show_hidden = d->show_hidden || show == PDFL_ALL;
    for (auto &one : d->layers)
        one.first->setState(show == PDFL_AS_DEFAULT ? one.second
                            : show == PDFL_ALL      ? OptionalContentGroup::On
                                                    : OptionalContentGroup::Off);
}

/* ---- text ---- */

static bool draw_text(struct pdfl *d, unsigned page, pdfl_take_fn *take, void *context,
                      struct pdfl_counts *counts) {
    struct taking t = {take, context};
    Page *p = d->doc->getCatalog()->getPage(static_cast<int>(page));
    if (p == nullptr || !p->isOk())
        return false;
    Text out(pass_on, &t, p->getCropBox(), counts);
    auto limit = [](double x) { return static_cast<int>(std::clamp(x, 1.0, double(AROUND))); };
    int width = limit(p->getMediaWidth()), height = limit(p->getMediaHeight());
    int most = std::max(width, height) + 2 * AROUND; /* it may lie on its side */
    p->displaySlice(&out, 72, 72, 0, true, false, -AROUND, -AROUND, most, most, false, nullptr,
                    nullptr, is_shown, d);
    return true;
}

bool pdfl_page_text(struct pdfl *d, unsigned page, pdfl_take_fn *take, void *context,
                    struct pdfl_counts *counts) {
    at_work = d;
    return guarded(false, [&] { return draw_text(d, page, take, context, counts); });
}

/* ---- objects ---- */

void pdfl_value_free(struct pdfl_value *v) {
    delete v;
}

struct pdfl_value *pdfl_trailer(struct pdfl *d) {
    XRef *xref = d->doc->getXRef();
    struct pdfl_value *none = nullptr;
    at_work = d;
    return xref == nullptr
               ? none
               : guarded(none, [&] { return value_of(xref->getTrailerDict()->copy(), 0); });
}

struct pdfl_value *pdfl_catalog(struct pdfl *d) {
    XRef *xref = d->doc->getXRef();
    struct pdfl_value *none = nullptr;
    at_work = d;
    return xref == nullptr
               ? none
               : guarded(none, [&] { return value_of(xref->getCatalog(), xref->getRootNum()); });
}

struct pdfl_value *pdfl_page(struct pdfl *d, unsigned page) {
    struct pdfl_value *none = nullptr;
    at_work = d;
    return guarded(none, [&] {
        const Ref *ref = d->doc->getCatalog()->getPageRef(static_cast<int>(page));
        return ref == nullptr ? none : value_of(d->doc->getXRef()->fetch(*ref), ref->num);
    });
}

struct pdfl_value *pdfl_get(const struct pdfl_value *v, const char *key) {
    Dict *dict = dict_of(v);
    struct pdfl_value *none = nullptr;
    return dict == nullptr
               ? none
               : guarded(none, [&] { return follow(dict->lookupNF(key), dict->getXRef()); });
}

struct pdfl_value *pdfl_at(const struct pdfl_value *v, unsigned i) {
    struct pdfl_value *none = nullptr;
    if (i >= pdfl_count(v) || !v->object.isArray())
        return none;
    return guarded(none, [&] {
        Ref ref = Ref::INVALID();
        Object o = v->object.getArray()->get(static_cast<int>(i), &ref);
        return value_of(std::move(o), ref != Ref::INVALID() ? ref.num : 0);
    });
}

const char *pdfl_key(const struct pdfl_value *v, unsigned i) {
    Dict *dict = dict_of(v);
    return dict == nullptr || i >= pdfl_count(v) ? nullptr : dict->getKey(static_cast<int>(i));
}

enum pdfl_type pdfl_type(const struct pdfl_value *v) {
    if (v == nullptr)
        return PDFL_NULL;
    switch (v->object.getType()) {
    case objBool:
        return PDFL_BOOL;
    case objInt:
    case objInt64:
        return PDFL_INT;
    case objReal:
        return PDFL_REAL;
    case objString:
    case objHexString:
        return PDFL_STRING;
    case objName:
        return PDFL_NAME;
    case objArray:
        return PDFL_ARRAY;
    case objDict:
        return PDFL_DICT;
    case objStream:
        return PDFL_STREAM;
    default:
        return PDFL_NULL;
    }
}

unsigned pdfl_count(const struct pdfl_value *v) {
    if (v != nullptr && v->object.isArray())
        return static_cast<unsigned>(v->object.getArray()->getLength());
    Dict *dict = dict_of(v);
    return dict == nullptr ? 0 : static_cast<unsigned>(dict->getLength());
}

int pdfl_object(const struct pdfl_value *v) {
    return v == nullptr ? 0 : v->number;
}

int64_t pdfl_int(const struct pdfl_value *v, int64_t otherwise) {
    return pdfl_type(v) == PDFL_INT ? v->object.getIntOrInt64() : otherwise;
}

double pdfl_number(const struct pdfl_value *v) {
    return v != nullptr && v->object.isNum() ? v->object.getNum() : 0;
}

const char *pdfl_bytes(const struct pdfl_value *v, size_t *ret_bytes) {
    const char *text = nullptr;
    *ret_bytes = 0;
    if (v == nullptr)
        return nullptr;
    if (v->object.isName()) {
        text = v->object.getName();
        *ret_bytes = strlen(text);
    } else if (v->object.isString() || v->object.isHexString()) {
        const GooString *s =
            v->object.isString() ? v->object.getString() : v->object.getHexString();
        text = s->c_str();
        *ret_bytes = static_cast<size_t>(s->getLength());
    }
    return text;
}

ex_code pdfl_stream_start(const struct pdfl_value *v, struct ex_error *err) {
    if (v == nullptr || !v->object.isStream())
        return ex_fail(err, EX_FORMAT, "it is no stream");
    if (is_picture(v->object.getStream()))
        return ex_fail(err, EX_UNSUPPORTED, "it is coded as a picture, which is not decoded");
    bool begun = guarded(false, [&] {
        v->object.getStream()->reset();
        return true;
    });
    return begun ? EX_OK : ex_fail(err, EX_FORMAT, "it cannot be decoded");
}

size_t pdfl_stream_read(const struct pdfl_value *v, uint8_t *to, size_t size_bytes) {
    int got = guarded(
        0, [&] { return v->object.getStream()->doGetChars(static_cast<int>(size_bytes), to); });
    return got > 0 ? static_cast<size_t>(got) : 0;
}

uint32_t pdfl_doc_character(uint8_t byte) {
    return pdfDocEncoding[byte];
}
