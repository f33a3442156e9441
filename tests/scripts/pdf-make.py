#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes PDF by hand, good ones and hostile ones: pdf-make.py DIR (good/, hidden/, bad/ in it).

What other programs can make, pdf.sh lets them make.
"""

import os
import sys
import zlib


class Pdf:
    """Objects by number, and a table of them."""

    def __init__(self, version="1.7"):
        self.out = bytearray(b"%%PDF-%s\n%%\xe2\xe3\xcf\xd3\n" % version.encode())
        self.at, self.free, self.last = {}, 1, 0

    def new(self):
        self.free += 1
        return self.free - 1

    def add(self, body, number=None):
        number = self.new() if number is None else number
        self.free = max(self.free, number + 1)
        self.at[number] = len(self.out)
        self.out += b"%d 0 obj\n" % number + (body if isinstance(body, bytes) else body.encode("latin-1")) + b"\nendobj\n"
        return number

    def stream(self, data, more="", number=None, flate=False):
        data = data if isinstance(data, bytes) else data.encode("latin-1")
        if flate:
            data, more = zlib.compress(data), more + " /Filter /FlateDecode"
        return self.add(b"<< /Length %d %s >>\nstream\n" % (len(data), more.encode("latin-1")) + data + b"\nendstream", number)

    def end(self, root, more=""):
        """Also of an update: what was written since the last one."""
        table = len(self.out)
        self.out += b"xref\n0 1\n0000000000 65535 f \n"
        for number in sorted(self.at):
            self.out += b"%d 1\n%010d 00000 n \n" % (number, self.at[number])
        back = " /Prev %d" % self.last if self.last else ""
        self.out += ("trailer\n<< /Size %d /Root %d 0 R%s %s >>\nstartxref\n%d\n%%%%EOF\n" % (self.free, root, back, more, table)).encode("latin-1")
        self.at, self.last = {}, table
        return bytes(self.out)


def text(line, x=72, y=700, size=12, mode=0):
    return "BT /F1 %d Tf %d Tr %d %d Td (%s) Tj ET\n" % (size, mode, x, y, line)


def hexed(string):
    return "<FEFF%s>" % string.encode("utf-16-be").hex()


class Simple(Pdf):
    """Pages with texts; what else the catalog, a page and the trailer have."""

    def __init__(self, pages, catalog="", page="", info=None, trailer="", resources="", extra=None, tree=None):
        super().__init__()
        self.root, self.pages = self.new(), self.new()
        self.font = self.add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
        if extra:
            extra(self)
        self.contents, self.kids = [], []
        for content in pages:
            self.contents.append(self.stream(content))
            self.kids.append(self.add("<< /Type /Page /Parent %d 0 R /MediaBox [0 0 612 792] /Contents %d 0 R "
                                      "/Resources << /Font << /F1 %d 0 R >> %s >> %s >>" % (self.pages, self.contents[-1], self.font, resources, page)))
        self.add(tree or "<< /Type /Pages /Count %d /Kids [%s] >>" % (len(pages), " ".join("%d 0 R" % k for k in self.kids)), self.pages)
        self.add("<< /Type /Catalog /Pages %d 0 R %s >>" % (self.pages, catalog), self.root)
        self.trailer = trailer
        if info:
            self.trailer += " /Info %d 0 R" % self.add(info)

    def done(self):
        return self.end(self.root, self.trailer)


def write(folder, name, data):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as f:
        f.write(data)


def good(to):
    info = ("<< /Title %s /Author (Sok Dara) /Subject (A subject) /Keywords (one, two) /Creator (A program) /Producer (A library) "
            "/CreationDate (D:20260102030405+07'00') /ModDate (D:20260203040506-03'30') >>" % hexed("កម្ពុជា 日本 𝄞"))
    plain = Simple([text("The first page"), text("The second page") + text("and a line", y=680), ""], info=info,
                   trailer="/ID [<00112233445566778899aabbccddeeff> <ffeeddccbbaa99887766554433221100>]")
    write(to, "plain.pdf", plain.done())
    write(to, "local.pdf", Simple([text("No zone")], info="<< /CreationDate (D:20260102030405) /ModDate (yesterday) >>").done())
    write(to, "flate.pdf", Simple(["q\n" * 100 + text("Behind many words") + "Q\n" * 100]).done())
    # an update that takes something back, and one behind it
    p = Simple([text("Pay 100 to Sok")])
    first = p.done()
    p.stream(text("Pay 900 to Dara"), number=p.contents[0])
    second = p.end(p.root)
    p.stream(text("Pay nobody"), number=p.contents[0])
    third = p.end(p.root)
    write(to, "updates.pdf", third)
    write(to, "updates.1", first)
    write(to, "updates.2", second)


def attach(p):
    inner = p.stream(b"in the file\n" * 100, "/Type /EmbeddedFile /Subtype /text#2Fplain /Params << /Size 1200 /ModDate (D:20260102) >>", flate=True)
    other = p.stream(b"on the page\n", "/Type /EmbeddedFile")
    p.named = p.add("<< /Type /Filespec /F (a.txt) /UF %s /Desc (first) /EF << /F %d 0 R >> >>" % (hexed("ឯកសារ.txt"), inner))
    p.noted = p.add("<< /Type /Filespec /F (b.txt) /EF << /F %d 0 R >> >>" % other)


def hidden(to):
    class Notes(Simple):
        pass

    def extra(p):
        attach(p)
        p.note = p.add("<< /Type /Annot /Subtype /Text /Rect [10 10 20 20] /Contents %s /T (Dara) /M (D:20260102030405Z) /F 2 >>" % hexed("លាក់ secret note"))
        p.link = p.add("<< /Type /Annot /Subtype /Link /Rect [10 10 20 20] /A << /S /URI /URI (https://example.org/pay?x=1) >> >>")
        p.run = p.add("<< /Type /Annot /Subtype /Link /Rect [10 10 20 20] /A << /S /Launch /Win << /F (cmd.exe) /P (/c calc) >> >> >>")
        p.file = p.add("<< /Type /Annot /Subtype /FileAttachment /Rect [10 10 20 20] /FS %d 0 R /Contents (see file) >>" % p.noted)
        p.shape = p.stream("BT /F1 12 Tf 1 1 Td (Drawn stamp) Tj ET", "/Type /XObject /Subtype /Form /BBox [0 0 200 50] /Resources << /Font << /F1 %d 0 R >> >>" % p.font)
        p.stamp = p.add("<< /Type /Annot /Subtype /Stamp /Rect [300 300 500 350] /AP << /N %d 0 R >> >>" % p.shape)
        p.field = p.add("<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V %s /Rect [10 10 20 20] /AA << /K << /S /JavaScript /JS (app.alert\\(2\\)) >> >> >>" % hexed("សុខ Sok"))
        p.group = p.new()
        p.kid = p.add("<< /Type /Annot /Subtype /Widget /Parent %d 0 R /T (city) /V (Phnom Penh) /Rect [1 1 2 2] >>" % p.group)
        p.add("<< /FT /Tx /T (address) /Kids [%d 0 R] >>" % p.kid, p.group)
        p.script = p.add("<< /S /JavaScript /JS (app.alert\\(1\\)) /Next << /S /SubmitForm /F (https://example.org/form) >> >>")

    p = Notes([text("With notes")], extra=extra,
              page="/Annots [NOTES]", catalog="CATALOG")
    # the numbers are known now: once more, with them in
    notes = " ".join("%d 0 R" % n for n in (p.note, p.link, p.run, p.file, p.stamp, p.field, p.kid))
    catalog = ("/Names << /EmbeddedFiles << /Names [(a) %d 0 R] >> /JavaScript << /Names [(s) %d 0 R] >> >> /OpenAction %d 0 R "
               "/AcroForm << /Fields [%d 0 R %d 0 R] >>" % (p.named, p.script, p.script, p.field, p.group))
    write(to, "notes.pdf", Notes([text("With notes")], extra=extra, page="/Annots [%s]" % notes, catalog=catalog).done())

    write(to, "invisible.pdf", Simple([text("Shown words") + text("Unseen words", y=600, mode=3)]).done())
    write(to, "outside.pdf", Simple([text("Inside words") + text("Far words", x=3000, y=-900)]).done())

    def layers(p):
        p.on = p.add("<< /Type /OCG /Name (Shown) >>")
        p.off = p.add("<< /Type /OCG /Name %s >>" % hexed("ស្រទាប់"))
        p.unless = p.add("<< /Type /OCMD /OCGs [%d 0 R] /P /AllOff >>" % p.on)

    p = Simple([""], extra=layers)
    content = ("/OC /L1 BDC %s EMC /OC /L2 BDC %s EMC /OC /L3 BDC %s EMC\n" % (text("Layer shown"), text("Layer hidden", y=650), text("Layer opposite", y=600)))
    write(to, "layers.pdf", Simple([content], extra=layers, resources="/Properties << /L1 %d 0 R /L2 %d 0 R /L3 %d 0 R >>" % (p.on, p.off, p.unless),
                                   catalog="/OCProperties << /OCGs [%d 0 R %d 0 R] /D << /OFF [%d 0 R] >> >>" % (p.on, p.off, p.off)).done())

    def packet(p):
        p.xmp = p.stream("<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF><rdf:Description "
                         "xmp:CreateDate='2026-01-02T03:04:05+09:00' xmpMM:DocumentID=\"uuid:1234\"><xmp:ModifyDate>2026-02-03T04:05:06</xmp:ModifyDate>"
                         "</rdf:Description></rdf:RDF></x:xmpmeta>", "/Type /Metadata /Subtype /XML")
    p = Simple([""], extra=packet)
    write(to, "xmp.pdf", Simple([text("With XMP")], extra=packet, catalog="/Metadata %d 0 R" % p.xmp).done())


def bad(to):
    def one(name, **more):
        write(to, name, Simple([text("Still here")], **more).done())

    one("claims.pdf", tree="<< /Type /Pages /Count 1000000 /Kids [5 0 R] >>")
    one("loop-tree.pdf", tree="<< /Type /Pages /Count 3 /Kids [2 0 R 5 0 R 2 0 R] >>")
    one("negative.pdf", tree="<< /Type /Pages /Count -5 /Kids [5 0 R] >>")
    one("loop-names.pdf", catalog="/Names << /EmbeddedFiles 1 0 R /JavaScript 1 0 R >> /Kids [1 0 R 1 0 R] ")
    one("loop-fields.pdf", catalog="/AcroForm << /Fields [1 0 R] >> /Kids [1 0 R 1 0 R] /T (x)")
    one("loop-next.pdf", catalog="/OpenAction 1 0 R /S /JavaScript /JS (1) /Next 1 0 R")
    one("loop-length.pdf", extra=lambda p: p.add("<< /Length %d 0 R >>\nstream\nx\nendstream" % p.free))
    one("deep.pdf", catalog="/Deep " + "[" * 20000 + "]" * 20000)
    plain = Simple([text("Still here")]).done()
    write(to, "cut.pdf", plain[:-40])
    write(to, "half.pdf", plain[: len(plain) // 3])
    write(to, "no-table.pdf", plain[: plain.rindex(b"xref\n0 1")])
    at = plain.rindex(b"startxref")
    write(to, "loop-xref.pdf", plain[: plain.rindex(b" >>\nstartxref")] + b" /Prev %d" % plain.index(b"xref\n0 1") + plain[plain.rindex(b" >>\nstartxref"):])
    write(to, "xref-itself.pdf", plain[:at] + b"startxref\n%d\n%%%%EOF\n" % at)
    write(to, "empty.pdf", b"%PDF-1.7\n")
    write(to, "long-number.pdf", plain.replace(b"/Count 1", b"/Count 99999999999999999999"))
    # a stream that grows a thousand times, twice over
    bomb = zlib.compress(zlib.compress(b"0 0 m\n" * (8 << 20), 9), 9)
    p = Simple([text("Still here")])
    p.add(b"<< /Length %d /Filter [/FlateDecode /FlateDecode] >>\nstream\n" % len(bomb) + bomb + b"\nendstream", p.contents[0])
    write(to, "bomb-content.pdf", p.done())

    def attached(p):
        data = zlib.compress(zlib.compress(bytes(32 << 20), 9), 9)
        s = p.add(b"<< /Type /EmbeddedFile /Length %d /Filter [/FlateDecode /FlateDecode] >>\nstream\n" % len(data) + data + b"\nendstream")
        p.named = p.add("<< /F (zeros) /EF << /F %d 0 R >> >>" % s)
    p = Simple([""], extra=attached)
    one("bomb-attached.pdf", extra=attached, catalog="/Names << /EmbeddedFiles << /Names [(a) %d 0 R] >> >>" % p.named)

    for kind in ("JBIG2Decode", "JPXDecode", "DCTDecode"):
        def picture(p, kind=kind):
            s = p.stream(bytes(range(256)) * 4, "/Type /EmbeddedFile /Filter /%s" % kind)
            p.named = p.add("<< /F (x) /EF << /F %d 0 R >> >>" % s)
            p.image = p.stream(b"\0\0\0\x0cjP  \r\n\x87\n" * 9, "/Type /XObject /Subtype /Image /Width 60000 /Height 60000 /ColorSpace /DeviceRGB "
                               "/BitsPerComponent 8 /Filter /%s" % kind)
        p = Simple([""], extra=picture)
        write(to, kind + ".pdf", Simple(["q /X Do Q " + text("Still here")], extra=picture, resources="/XObject << /X %d 0 R >>" % p.image,
                                        catalog="/Names << /EmbeddedFiles << /Names [(a) %d 0 R] >> >>" % p.named).done())

    # forms that draw themselves, and object streams that lie in each other
    def form(p):
        p.me = p.new()
        p.stream("/X Do /X Do " + text("Drawn once"), "/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << /Font << /F1 %d 0 R >> "
                 "/XObject << /X %d 0 R >> >>" % (p.font, p.me), number=p.me)
    p = Simple([""], extra=form)
    write(to, "loop-form.pdf", Simple(["/X Do " + text("Still here")], extra=form, resources="/XObject << /X %d 0 R >>" % p.me).done())
    p = Pdf()
    first, second = p.new(), p.new()
    rows = [(0, 0, 65535)]
    for number, other in ((first, second), (second, first)):
        p.stream("%d 0 << >>" % (number + 10), "/Type /ObjStm /N 1 /First 5 /Extends %d 0 R" % other, number=number)
    here = len(p.out)
    rows += [(2, second, 0), (2, first, 0), (2, first, 0), (1, here, 0)]
    data = b"".join(bytes([a]) + b.to_bytes(4, "big") + c.to_bytes(2, "big") for a, b, c in rows)
    p.out += (b"4 0 obj\n<< /Type /XRef /Size 5 /W [1 4 2] /Root 3 0 R /Length %d >>\nstream\n" % len(data)) + data + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % here
    write(to, "loop-objects.pdf", bytes(p.out))


def versions(to):
    """Ends of versions that a simple look for marks would miss, or take for more than they are."""
    def paid(before="", trailer=""):
        p = Simple([text("Pay 100 to Sok")], trailer=trailer, extra=(lambda p: p.stream(before)) if before else None)
        p.done()
        p.stream(text("Pay nobody"), number=p.contents[0])
        return p

    p = paid()
    write(to, "no-mark.pdf", p.end(p.root)[:-len("%%EOF\n")])
    p = paid("%%EOF\n" * 5000)
    write(to, "marks.pdf", p.end(p.root))
    p = paid("startxref\n9\n%%EOF\n" * 5000)
    write(to, "many-ends.pdf", p.end(p.root))
    p = paid()
    write(to, "behind.pdf", p.end(p.root) + b"\n \r\nsomething behind it\n")
    p = paid()
    write(to, "locked-update.pdf", p.end(p.root, "/Encrypt << /Filter /Other /V 1 /R 2 >> /ID [<00><00>]"))
    p = paid(trailer="/Encrypt << /Filter /Other /V 1 /R 2 >> /ID [<00><00>]")
    write(to, "locked-before.pdf", p.end(p.root))

    def layers(p):
        p.off = p.add("<< /Type /OCG /Name (Off) >>")
    more = {"extra": layers, "catalog": "/OCProperties << /OCGs [4 0 R] /D << /OFF [4 0 R] >> >>", "resources": "/Properties << /L 4 0 R >>"}
    p = Simple(["/OC /L BDC %s EMC" % text("Hidden before")], **more)
    p.done()
    p.stream(text("Nothing now"), number=p.contents[0])
    write(to, "layers-before.pdf", p.end(p.root))


def files(to):
    def specifications(p):
        one, two, three = (p.stream(b"as %s\n" % w, "/Type /EmbeddedFile") for w in (b"UF", b"F", b"DOS"))
        p.many = p.add("<< /UF (shown.txt) /F (other.txt) /DOS (THIRD.TXT) /EF << /UF %d 0 R /F %d 0 R /DOS %d 0 R >> >>" % (one, two, three))
        p.again = p.add("<< /F (second name.txt) /EF << /F %d 0 R >> >>" % one)
        p.none = p.add("<< /F (not here.txt) >>")
        p.lost = p.add("<< /F (lost.txt) /EF << /F 9999 0 R >> >>")
        p.page_file = p.add("<< /F (of a page.txt) /EF << /F %d 0 R >> >>" % p.stream(b"associated with a page\n"))
        p.note_file = p.add("<< /F (of a note.txt) /EF << /F %d 0 R >> >>" % p.stream(b"associated with a note\n"))
        p.first, p.second = p.stream("<first/>"), p.stream("<second/>")

    p = Simple([""], extra=specifications)
    write(to, "files.pdf", Simple([text("With files")], extra=specifications, page="/AF [%d 0 R] /Annots [<< /Type /Annot /Subtype /Text /Rect [1 1 2 2] /AF %d 0 R >>]" %
          (p.page_file, p.note_file), catalog="/Names << /EmbeddedFiles << /Names [(key of it) %d 0 R (b) %d 0 R (c) %d 0 R (d) %d 0 R] >> >> "
          "/AcroForm << /Fields [] /XFA [%d 0 R %d 0 R] >>" % (p.many, p.again, p.none, p.lost, p.first, p.second)).done())


def notes(to):
    """What is on a page, or behind an action, and what a reader would leave out for another's sake."""
    write(to, "chains.pdf", Simple([text("With chains")], page="/Annots [<< /Type /Annot /Subtype /Link /Rect [1 1 2 2] /A << /S /GoTo /D [5 0 R /Fit] /Next ["
          "<< /S /GoTo /D (x) >> << /S /JavaScript /JS (inArray\\(\\)) /Next << /S /URI /URI (https://example.org/second) >> >> << /S /Launch /F (third.exe) >>] >> >> "
          "<< /Type /Annot /Subtype /Link /Rect [1 1 2 2] /Dest [5 0 R /Fit] /Contents (Words of a link) >>]",
          catalog="/OpenAction << /S /GoTo /D [5 0 R /Fit] /Next << /S /JavaScript /JS (atOpening\\(\\)) >> >>").done())

    def widget(p):
        p.look = p.stream("BT /F1 12 Tf 1 1 Td (Unlisted words) Tj ET", "/Type /XObject /Subtype /Form /BBox [0 0 200 50] /Resources << /Font << /F1 %d 0 R >> >>" % p.font)
        p.kids = [p.add("<< /Type /Annot /Subtype /Widget /Rect [1 1 2 2] >>") for _ in range(70)]
        p.kids.append(p.add("<< /FT /Tx /T (late) /V (Late value) /DV (Default value) >>"))
        p.group = p.add("<< /FT /Tx /T (group) /Kids [%s] >>" % " ".join("%d 0 R" % k for k in p.kids))
        p.number = p.add("<< /FT /Tx /T (%s) /V 12.5 >>" % ("n" * 2000))
        p.many = p.add("<< /FT /Ch /T (many) /V [%s] >>" % ("(v)" * 150))
    p = Simple([""], extra=widget)
    write(to, "widgets.pdf", Simple([text("With widgets")], extra=widget, page="/Annots [<< /Type /Annot /Subtype /Widget /FT /Tx /T (its name) /V (x) /Rect [300 300 500 350] "
          "/A << /S /JavaScript /JS (1) >> /AP << /N %d 0 R >> >>]" % p.look, catalog="/AcroForm << /NeedAppearances true /Fields [%d 0 R %d 0 R %d 0 R] >>" %
          (p.group, p.number, p.many)).done())

    def deep(p):
        below = p.add("<< /Names [] >>")
        for _ in range(40):
            below = p.add("<< /Kids [%d 0 R] >>" % below)
        p.deep = below
    def wide(p):
        below = p.add("<< /Names [] >>")
        for _ in range(6):
            below = p.add("<< /Kids [%s] >>" % ("%d 0 R " % below * 12))
        p.deep = below
    for name, extra in (("deep-names", deep), ("wide-names", wide)):
        p = Simple([""], extra=extra)
        write(to, name + ".pdf", Simple([text("With a tree")], extra=extra, page="/Annots [<< /Type /Annot /Subtype /Text /Rect [1 1 2 2] /Contents (Behind a tree) >>]",
              catalog="/Names << /EmbeddedFiles %d 0 R >>" % p.deep).done())
    write(to, "long.pdf", Simple([text("With a script")], catalog="/OpenAction << /S /JavaScript /JS (%s) >>" % ("//" * 40000)).done())

    def picture(p):
        p.script = p.stream(b"\0\1", "/Filter /JPXDecode")
    p = Simple([""], extra=picture)
    write(to, "picture-script.pdf", Simple([text("With a script")], extra=picture, catalog="/OpenAction << /S /JavaScript /JS %d 0 R >>" % p.script).done())

    def layers(p):
        p.off = [p.add("<< /Type /OCG /Name (Off %d) >>" % i) for i in range(70)]
    p = Simple([""], extra=layers)
    off = " ".join("%d 0 R" % n for n in p.off)
    p = Simple([text("Readable"), ""], extra=layers, catalog="/OCProperties << /OCGs [%s] /D << /OFF [%s] >> >>" % (off, off))
    p.add("<< /Type /Page /Parent %d 0 R /MediaBox [0 0 9 9] /Contents 7 >>" % p.pages, p.kids[1])
    write(to, "layers-unread.pdf", p.done())

    def stamp(p):
        p.look = p.stream("BT /F1 12 Tf 1 1 Td (Hidden stamp) Tj ET", "/Type /XObject /Subtype /Form /BBox [0 0 200 50] /Resources << /Font << /F1 %d 0 R >> >>" % p.font)
    p = Simple([""], extra=stamp)
    write(to, "hidden-stamp.pdf", Simple([text("With a stamp")], extra=stamp, page="/Annots [<< /Type /Annot /Subtype /Stamp /F 2 /Rect [300 300 500 350] /AP << /N %d 0 R >> >>]" % p.look).done())
    write(to, "xmp-words.pdf", Simple([text("With XMP")], extra=lambda p: p.stream("<x:xmpmeta notxmp:CreatorTool='Not it' xmp:CreatorTool='It'/>", "/Type /Metadata"),
          catalog="/Metadata 4 0 R").done())


def main():
    for name, make in (("good", good), ("hidden", hidden), ("hidden", versions), ("hidden", files), ("hidden", notes), ("bad", bad)):
        make(os.path.join(sys.argv[1], name))


main()
