#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Documents made of their parts: documents-make.py FOLDER

Good ones, each with the text that stands in it beside it (NAME.text), and such as no program should write.
"""

import os
import sys
import zipfile

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT_W = "http://purl.oclc.org/ooxml/wordprocessingml/main"
S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
P = "http://schemas.openxmlformats.org/presentationml/2006/main"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"
WP = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
CORE = "http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
OFFICE = "application/vnd.openxmlformats-officedocument."
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def package(path, parts, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as z:
        for name, data in parts.items():
            info = zipfile.ZipInfo(name, (2026, 5, 3, 12, 30, 4))
            info.compress_type = zipfile.ZIP_STORED if name == "mimetype" else method
            z.writestr(info, data)


def rels(*rows):
    body = "".join(
        '<Relationship Id="%s" Type="%s/%s" Target="%s"%s/>'
        % (i, CORE[:-16] if t == "core-properties" else R, t, target, ' TargetMode="External"' if external else "")
        for i, t, target, external in rows
    )
    return HEAD + '<Relationships xmlns="%s">%s</Relationships>' % (RELS, body)


def types(main, kind):
    return HEAD + (
        '<Types xmlns="%s"><Default Extension="xml" ContentType="application/xml"/>'
        '<Override PartName="/%s" ContentType="%s%s"/></Types>' % (TYPES, main, OFFICE, kind)
    )


def word_parts(body, space=W, extra=None, more_rels=(), props=None):
    parts = {
        "[Content_Types].xml": types("word/document.xml", "wordprocessingml.document.main+xml"),
        "_rels/.rels": rels(("rId1", "officeDocument", "word/document.xml", False), ("rId2", "core-properties", "docProps/core.xml", False), ("rId3", "extended-properties", "docProps/app.xml", False), ("rId4", "custom-properties", "docProps/custom.xml", False)),
        "word/document.xml": HEAD + '<w:document xmlns:w="%s" xmlns:r="%s" xmlns:mc="%s" xmlns:wp="%s" xmlns:v="urn:schemas-microsoft-com:vml" xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" xmlns:zz="urn:zz"><w:body>%s</w:body></w:document>' % (space, R, MC, WP, body),
    }
    if props:
        parts["docProps/core.xml"] = HEAD + '<cp:coreProperties xmlns:cp="%s" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">%s</cp:coreProperties>' % (CORE, props)
    if more_rels:
        parts["word/_rels/document.xml.rels"] = rels(*more_rels)
    parts.update(extra or {})
    return parts


def part(root, body, space=W):
    return HEAD + '<w:%s xmlns:w="%s">%s</w:%s>' % (root, space, body, root)


def p(text):
    return "<w:p><w:r><w:t>%s</w:t></w:r></w:p>" % text


def good_word(folder):
    body = (
        # one address in many runs, with what spelling checks leave behind
        '<w:p><w:pPr><w:tabs><w:tab w:val="left" w:pos="99"/></w:tabs></w:pPr>'
        '<w:r><w:t xml:space="preserve">mail to </w:t></w:r><w:r><w:t>jo</w:t></w:r><w:proofErr w:type="spellStart"/><w:r><w:rPr><w:b/></w:rPr><w:t>hn@exa</w:t></w:r>'
        "<w:r><w:t>m\u00adple</w:t></w:r><w:bookmarkStart w:id=\"0\" w:name=\"b\"/><w:r><w:t>.org</w:t></w:r><w:r><w:footnoteReference w:id=\"2\"/></w:r><w:r><w:t>.</w:t></w:r></w:p>"
        + p("next.com")
        + "<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t><w:noBreakHyphen/><w:sym w:font=\"Symbol\" w:char=\"00B1\"/></w:r></w:p>"
        "<w:tbl><w:tr><w:tc>" + p("cell1") + "</w:tc><w:tc>" + p("cell2") + "</w:tc></w:tr></w:tbl><w:p/>"
        # tracked: "old" became "new"; inserted and deleted again
        '<w:p><w:r><w:t xml:space="preserve">the </w:t></w:r><w:del w:id="1" w:author="A. Editor" w:date="2026-01-02T03:04:05Z"><w:r><w:delText>old</w:delText></w:r></w:del>'
        '<w:ins w:id="2" w:author="B" w:date="2026-01-03T00:00:00Z"><w:r><w:t>new</w:t></w:r><w:del w:id="3" w:author="C"><w:r><w:delText>gone</w:delText></w:r></w:del></w:ins><w:r><w:t xml:space="preserve"> text</w:t></w:r></w:p>'
        '<w:p><w:del w:id="4" w:author="D"><w:r><w:delText>all of it</w:delText></w:r></w:del></w:p>'
        # hidden
        '<w:p><w:r><w:t>vis</w:t></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t>secret</w:t></w:r><w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t>ible</w:t></w:r></w:p>'
        # fields, links
        '<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>HYPERLINK "http://</w:instrText></w:r><w:r><w:instrText>field.example/"</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>shown</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>'
        # a box, in two forms, in a paragraph
        "<w:p><w:r><w:t>around</w:t></w:r><w:r><mc:AlternateContent><mc:Choice Requires=\"wps\"><w:drawing><wp:inline><wp:docPr id=\"1\" name=\"x\" descr=\"a picture of a cat\"/></wp:inline></w:drawing><w:txbxContent>"
        + p("in the box")
        + "</w:txbxContent></mc:Choice><mc:Fallback><w:pict><v:textbox><w:txbxContent>"
        + p("in the old box")
        + '</w:txbxContent></v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p><w:p><w:r><w:t>&lt;tag&gt; &amp; "q" \u4f8b\u3048 \U0001f600</w:t></w:r></w:p>'
    )
    extra = {
        "word/header1.xml": part("hdr", p("the header")),
        "word/footnotes.xml": part("footnotes", '<w:footnote w:type="separator" w:id="0"><w:p><w:r><w:separator/></w:r></w:p></w:footnote><w:footnote w:id="2">%s</w:footnote>' % p("the note")),
        "word/comments.xml": part("comments", '<w:comment w:id="0" w:author="E &amp; F" w:date="2026-02-01T00:00:00Z">%s</w:comment>' % p("a remark")),
        "word/left.xml": part("document", "<w:body>%s</w:body>" % p("left over")),
        "docProps/custom.xml": HEAD + '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties" xmlns:vt="http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"><property fmtid="{}" pid="2" name="Client"><vt:lpwstr>ACME</vt:lpwstr></property></Properties>',
        "docProps/app.xml": HEAD + '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"><Template>Evil.dotm</Template><Company>C\u00f6</Company><Application>Word</Application></Properties>',
    }
    more = (
        ("rId1", "comments", "comments.xml", False),
        ("rId2", "header", "/word/header1.xml", False),
        ("rId3", "footnotes", "footnotes.xml", False),
        ("rId4", "hyperlink", "mailto:x@link.example", True),
        ("rId5", "attachedTemplate", "file:///C:/t.dotm", True),
        ("rId6", "header", "../word/./header1.xml", False),
    )
    props = "<dc:title>A &amp; B</dc:title><dc:creator>Ann</dc:creator><cp:lastModifiedBy>Bob</cp:lastModifiedBy><cp:revision>7</cp:revision><cp:lastPrinted>2026-01-01T10:00:00Z</cp:lastPrinted>"
    props += '<dcterms:created xsi:type="dcterms:W3CDTF">2025-12-31T23:30:00.5+01:00</dcterms:created><dcterms:modified xsi:type="dcterms:W3CDTF">yesterday</dcterms:modified>'
    text = (
        "mail to john@example.org.\nnext.com\na\tb\nc\u2011\u00b1\ncell1\ncell2\n\nthe new text\nvisible\nshown\nin the box\naround\n<tag> & \"q\" \u4f8b\u3048 \U0001f600\n"
        "\f[header]\nthe header\n\f[footnote 0]\n\n\f[footnote 2]\nthe note\n\f[comment, E & F, 2026-02-01T00:00:00Z]\na remark\n\f[part word/left.xml, which nothing refers to]\nleft over\n"
        "\f[before tracked changes]\nthe oldgone text\nall of it\n"
        "\f[tracked changes]\ndeleted\tA. Editor\t2026-01-02T03:04:05Z\told\ndeleted\tC\t\tgone\ninserted\tB\t2026-01-03T00:00:00Z\tnewgone\ndeleted\tD\t\tall of it\n"
        "\f[with hidden text]\nvissecretible\n"
        '\f[fields]\nHYPERLINK "http://field.example/"\n\f[links]\nhyperlink mailto:x@link.example\nattachedTemplate file:///C:/t.dotm\n'
        "\f[descriptions]\na picture of a cat\n\f[other form]\nin the old box\n\f[custom properties]\nClient\tACME\n"
    )
    package(folder + "/good.docx", word_parts(body, W, extra, more, props))
    open(folder + "/good.docx.text", "w", newline="").write(text)
    package(folder + "/strict.docx", word_parts(p("strict"), STRICT_W))
    open(folder + "/strict.docx.text", "w").write("strict\n")
    wide = word_parts(p("wide \u20ac"))
    wide["word/document.xml"] = wide["word/document.xml"].replace("UTF-8", "UTF-16").encode("utf-16")
    package(folder + "/utf16.docx", wide)
    open(folder + "/utf16.docx.text", "w").write("wide \u20ac\n")


def book_parts(rows, strings=""):
    return {
        "[Content_Types].xml": types("xl/workbook.xml", "spreadsheetml.sheet.main+xml"),
        "_rels/.rels": rels(("rId1", "officeDocument", "xl/workbook.xml", False)),
        "xl/workbook.xml": HEAD + '<workbook xmlns="%s" xmlns:r="%s"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>' % (S, R),
        "xl/_rels/workbook.xml.rels": rels(("rId1", "worksheet", "sheet1.xml", False), ("rId2", "sharedStrings", "strings.xml", False)),
        "xl/sheet1.xml": HEAD + '<worksheet xmlns="%s"><sheetData>%s</sheetData></worksheet>' % (S, rows),
        "xl/strings.xml": HEAD + '<sst xmlns="%s">%s</sst>' % (S, strings),
    }


def good_sheet(folder):
    rows = (
        '<row r="1"><c r="A1"><v>42000</v><is><t>other</t></is></c><c r="B1" t="inlineStr"><v>9</v><is><t>seen</t></is></c><c r="C1" t="s"><v>0</v><is><t>no</t></is></c><c r="D1"><is><t>alone</t></is></c></row>'
        '<row r="2"><c r="A2"><f t="shared" ref="A2:A4" si="7">A1*2</f><v>84000</v></c><c r="B2"><f t="dataTable" ref="B2:B3" r1="A1"/><v>5</v></c></row>'
        '<row r="3"><c r="A3"><f t="shared" si="7"/><v>1</v></c></row><row r="4"><c r="A4"><f t="shared" si="7"/></c><c r="B4"><f t="shared" si="9"/><v>2</v></c><c r="C4"><v>3</v></c></row>'
    )
    package(folder + "/cells.xlsx", book_parts(rows, "<si><t>so</t></si>"))
    text = (
        "\f[sheet 1: S]\nA1\t42000\nB1\tseen\nC1\tso\nA2\t84000\t=A1*2\nB2\t5\t= data table\nA3\t1\t= shared formula of A2\nA4\t\t= shared formula of A2\n"
        "B4\t2\t= shared formula of a cell that is not known\nC4\t3\n\f[in cells, but not their value]\nA1\tother\nB1\t9\nC1\tno\nD1\talone\n"
    )
    open(folder + "/cells.xlsx.text", "w", newline="").write(text)
    book = HEAD + '<workbook xmlns="%s" xmlns:r="%s"><sheets><sheet name="B &amp; C" sheetId="2" r:id="rId2"/><sheet name="Deep" sheetId="1" state="veryHidden" r:id="rId1"/></sheets><definedNames><definedName name="rate" hidden="1">\'B\'!$A$1</definedName></definedNames></workbook>' % (S, R)
    sheet = HEAD + (
        '<worksheet xmlns="%s"><cols><col min="3" max="4" hidden="1"/></cols><sheetData>'
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1"><v>45000</v></c></row>'
        '<row r="2" hidden="1"><c r="A2" t="b"><v>1</v></c><c r="B2" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>'
        '<row><c><v>1.5</v></c><c t="inlineStr"><is><r><t>in</t></r><r><t>line</t></r></is></c><c r="XFD3" t="str"><f>A1&amp;"x"</f><v>hix</v></c></row><row r="9"><c r="A9" s="3"/></row></sheetData></worksheet>' % S
    )
    strings = HEAD + '<sst xmlns="%s"><si><t>hi</t></si><si><r><t>so</t></r><r><rPr><b/></rPr><t>me@x.org\nline 2</t></r><rPh sb="0" eb="1"><t>phonetic</t></rPh></si><si><t>left behind</t></si></sst>' % S
    comments = HEAD + '<comments xmlns="%s"><authors><author>Ann</author><author>Bob</author></authors><commentList><comment ref="B1" authorId="1"><text><r><t>why</t></r><r><t> so</t></r></text></comment></commentList></comments>' % S
    package(folder + "/good.xlsx", {
        "[Content_Types].xml": types("xl/workbook.xml", "spreadsheetml.sheet.main+xml"),
        "_rels/.rels": rels(("rId1", "officeDocument", "xl/workbook.xml", False)),
        "xl/workbook.xml": book,
        "xl/_rels/workbook.xml.rels": rels(("rId1", "worksheet", "worksheets/sheet1.xml", False), ("rId2", "worksheet", "worksheets/sheet2.xml", False), ("rId3", "sharedStrings", "sharedStrings.xml", False)),
        "xl/worksheets/sheet1.xml": HEAD + '<worksheet xmlns="%s"><sheetData><row r="1"><c r="A1"><v>9</v></c></row></sheetData></worksheet>' % S,
        "xl/worksheets/sheet2.xml": sheet,
        "xl/worksheets/_rels/sheet2.xml.rels": rels(("rId1", "comments", "../comments1.xml", False)),
        "xl/worksheets/sheet7.xml": HEAD + '<worksheet xmlns="%s"><sheetData><row r="4"><c r="D4"><v>77</v></c></row></sheetData></worksheet>' % S,
        "xl/comments1.xml": comments,
        "xl/sharedStrings.xml": strings,
    })
    text = (
        "\f[sheet 1: B & C]\nA1\thi\nB1\tsome@x.org\vline 2\nC1 (hidden)\t45000\nA2 (hidden)\tTRUE\nB2 (hidden)\t#DIV/0!\t=1/0\nA3\t1.5\nB3\tinline\nXFD3\thix\t=A1&\"x\"\n\f[comment on B1, Bob]\nwhy so\n"
        "\f[sheet 2, very hidden: Deep]\nA1\t9\n\f[defined names]\nrate (hidden)\t'B'!$A$1\n\f[part xl/worksheets/sheet7.xml, which nothing refers to]\nD4\t77\n\f[strings that no cell uses]\nleft behind\n"
    )
    open(folder + "/good.xlsx.text", "w", newline="").write(text)


def good_deck(folder):
    def slide(text, show=""):
        return HEAD + '<p:sld xmlns:p="%s" xmlns:a="%s"%s><p:cSld><p:spTree><p:sp><p:nvSpPr><p:cNvPr id="1" name="n" descr="shape of %s"/></p:nvSpPr><p:txBody><a:p><a:r><a:t>%s</a:t></a:r><a:br/><a:r><a:t>tail</a:t></a:r></a:p></p:txBody></p:sp></p:spTree></p:cSld></p:sld>' % (P, A, show, text, text)

    package(folder + "/good.pptx", {
        "[Content_Types].xml": types("ppt/presentation.xml", "presentationml.presentation.main+xml"),
        "_rels/.rels": rels(("rId1", "officeDocument", "ppt/presentation.xml", False)),
        "ppt/presentation.xml": HEAD + '<p:presentation xmlns:p="%s" xmlns:r="%s"><p:sldIdLst><p:sldId id="256" r:id="rId9"/><p:sldId id="257" r:id="rId8"/></p:sldIdLst></p:presentation>' % (P, R),
        "ppt/_rels/presentation.xml.rels": rels(("rId8", "slide", "slides/slide1.xml", False), ("rId9", "slide", "slides/slide2.xml", False), ("rId7", "slideMaster", "slideMasters/m.xml", False)),
        "ppt/slides/slide1.xml": slide("one", ' show="0"'),
        "ppt/slides/slide2.xml": slide("two"),
        "ppt/slides/_rels/slide2.xml.rels": rels(("rId1", "notesSlide", "../notesSlides/n.xml", False)),
        "ppt/slideMasters/m.xml": slide("master"),
        "ppt/notesSlides/n.xml": HEAD + '<p:notes xmlns:p="%s" xmlns:a="%s"><a:p><a:r><a:t>say this</a:t></a:r></a:p></p:notes>' % (P, A),
    })
    text = "\f[slide 1]\ntwo\ntail\n\f[notes]\nsay this\n\f[slide 2, hidden]\none\ntail\n\f[slide master]\nmaster\ntail\n\f[descriptions]\nshape of two\nshape of one\nshape of master\n"
    open(folder + "/good.pptx.text", "w").write(text)


ODF = "urn:oasis:names:tc:opendocument:xmlns:"
ODF_SPACES = " ".join('xmlns:%s="%s%s:1.0"' % (short, ODF, long) for short, long in (("office", "office"), ("text", "text"), ("table", "table"), ("draw", "drawing"), ("style", "style"), ("presentation", "presentation"), ("meta", "meta"), ("manifest", "manifest"), ("svg", "svg-compatible"))) + ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xlink="http://www.w3.org/1999/xlink"'


def odf_parts(kind, body, styles="", meta="", extra=None):
    parts = {
        "mimetype": "application/vnd.oasis.opendocument." + kind,
        "content.xml": HEAD + "<office:document-content %s><office:automatic-styles>%s</office:automatic-styles><office:body>%s</office:body></office:document-content>" % (ODF_SPACES, styles, body),
        "meta.xml": HEAD + "<office:document-meta %s><office:meta>%s</office:meta></office:document-meta>" % (ODF_SPACES, meta),
    }
    parts.update(extra or {})
    return parts


def good_odf(folder):
    who = "<office:change-info><dc:creator>Ann</dc:creator><dc:date>2026-01-02T03:04:05</dc:date></office:change-info>"
    body = (
        "<office:text><text:tracked-changes><text:changed-region><text:deletion>" + who + "<text:p>was\there</text:p></text:deletion></text:changed-region>"
        "<text:changed-region><text:insertion>" + who + "</text:insertion></text:changed-region></text:tracked-changes>"
        "<text:h>Head</text:h><text:p>  one\n   <text:span>two@</text:span><text:span>x.org</text:span><text:s text:c=\"3\"/>three<text:tab/>four<text:line-break/>five"
        "<text:note text:note-class=\"footnote\"><text:note-citation>1</text:note-citation><text:note-body><text:p>the note</text:p></text:note-body></text:note>six</text:p>"
        "<text:p>seen<office:annotation><dc:creator>Bob</dc:creator><dc:date>2026-01-01T00:00:00</dc:date><text:p>a remark</text:p><text:p>and more</text:p></office:annotation>"
        '<text:hidden-text text:string-value="not seen"/> <text:a xlink:href="mailto:a@b.example">link</text:a></text:p>'
        '<text:section text:display="none"><text:p>hidden section</text:p></text:section>'
        "<text:list><text:list-item><text:p>item</text:p></text:list-item></text:list><draw:frame><svg:desc>a cat</svg:desc><draw:image xlink:href=\"Pictures/1.png\"/></draw:frame></office:text>"
    )
    meta = "<meta:initial-creator>Ann</meta:initial-creator><dc:creator>Bob</dc:creator><dc:title>T</dc:title><meta:keyword>k1</meta:keyword><meta:keyword>k2</meta:keyword><meta:generator>Gen/1</meta:generator><meta:creation-date>2026-01-02T03:04:05.250000000</meta:creation-date><dc:date>2026-01-03T00:00:00Z</dc:date><meta:user-defined meta:name=\"Case\">7/1</meta:user-defined>"
    styles = HEAD + "<office:document-styles %s><office:master-styles><style:master-page><style:header><text:p>top</text:p></style:header><style:footer><text:p>bottom</text:p></style:footer></style:master-page></office:master-styles></office:document-styles>" % ODF_SPACES
    extra = {"styles.xml": styles, "Pictures/1.png": "x"}
    package(folder + "/good.odt", odf_parts("text", body, "", meta, extra))
    text = (
        "Head\none two@x.org   three\tfour\nfivesix\nseen link\nitem\n\f[footnote]\nthe note\n\f[comment, Bob, 2026-01-01T00:00:00]\na remark\nand more\n\f[header]\ntop\n\f[footer]\nbottom\n"
        "\f[tracked changes]\ndeleted\tAnn\t2026-01-02T03:04:05\twas here\ninserted\tAnn\t2026-01-02T03:04:05\t\n\f[with hidden text]\nnot seen\nhidden section\n\f[links]\nmailto:a@b.example\n\f[descriptions]\na cat\n\f[custom properties]\nCase\t7/1\n"
    )
    open(folder + "/good.odt.text", "w", newline="").write(text)
    style = '<style:style style:name="%s" style:family="%s"><style:text-properties text:display="%s"/></style:style>'
    styles = style % ("T1", "text", "none") + style % ("P1", "paragraph", "none") + style % ("T2", "text", "true") + style % ("T3", "text", "condition") + style % ("a", "table", "none")
    styles += '<text:list-style style:name="L"><text:list-level-style-bullet><style:text-properties text:display="none"/></text:list-level-style-bullet></text:list-style>'
    span = '<text:span text:style-name="%s">%s</text:span>'
    body = (
        "<office:text><text:p>vis" + span % ("T1", "secret") + "ible " + span % ("T1", " gap ") + " end</text:p><text:p>" + span % ("T1", "all of it") + "</text:p><text:p>plain</text:p>"
        '<text:p text:style-name="P1">by its style ' + span % ("T2", "but this") + '</text:p><text:p text:style-name="T1">' + span % ("P1", "other families") + span % ("a", "!") + "</text:p><text:p>" + span % ("T3", "perhaps") + "</text:p>"
        "<text:p>" + span % ("T1", "out" + span % ("T2", "in<text:tab/>") + "<text:s/>out") + "</text:p>"
        '<text:section text:display="condition" text:condition="ooow:1==1"><text:p>section</text:p></text:section><text:section><text:p>shown section</text:p></text:section>'
        "<text:p>n<text:note text:note-class=\"footnote\"><text:note-body><text:p>note" + span % ("T1", "hid") + "</text:p></text:note-body></text:note></text:p></office:text>"
    )
    package(folder + "/hidden.odt", odf_parts("text", body, styles))
    text = (
        "visible end\nplain\nbut this\nother families!\nin\t\nshown section\nn\n\f[footnote]\nnote\n"
        "\f[with hidden text]\nvissecretible gap end\nall of it\nby its style but this\nperhaps\noutin\t out\nsection\nnotehid\n"
    )
    open(folder + "/hidden.odt.text", "w", newline="").write(text)
    styles = '<style:style style:name="h" style:family="table"><style:table-properties table:display="false"/></style:style>'
    body = (
        '<office:spreadsheet><table:table table:name="A"><table:table-column table:number-columns-repeated="2"/><table:table-column table:visibility="collapse"/>'
        '<table:table-row><table:table-cell office:value-type="float" office:value="3.5"><text:p>3,50 kr</text:p></table:table-cell><table:table-cell/><table:table-cell office:value-type="string"><text:p>in</text:p><text:p>two</text:p></table:table-cell></table:table-row>'
        '<table:table-row table:number-rows-repeated="3"><table:table-cell table:number-columns-repeated="2" office:value-type="float" office:value="1"/><table:table-cell table:formula="of:=[.A1]*2" office:value-type="float" office:value="7"><text:p>7</text:p><office:annotation><text:p>look</text:p></office:annotation></table:table-cell></table:table-row>'
        '<table:table-row table:number-rows-repeated="1048570"><table:table-cell table:number-columns-repeated="1024"/></table:table-row><table:table-row table:visibility="collapse"><table:table-cell><text:p>end</text:p></table:table-cell></table:table-row></table:table>'
        '<table:table table:name="B" table:style-name="h"><table:table-row><table:table-cell><text:p>secret</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet>'
    )
    package(folder + "/good.ods", odf_parts("spreadsheet", body, styles))
    text = "\f[sheet 1: A]\nA1\t3,50 kr\nC1 (hidden)\tin\vtwo\nA2:B4\t1\nC2:C4 (hidden)\t7\tof:=[.A1]*2\nA1048575 (hidden)\tend\n\f[sheet 2, hidden: B]\nA1\tsecret\n\f[comment, , ]\nlook\n"
    open(folder + "/good.ods.text", "w", newline="").write(text)
    styles = '<style:style style:name="h" style:family="drawing-page"><style:drawing-page-properties presentation:visibility="hidden"/></style:style>'
    body = '<office:presentation><draw:page draw:name="p1" draw:style-name="h"><draw:frame><draw:text-box><text:p>one</text:p></draw:text-box></draw:frame><presentation:notes><draw:text-box><text:p>say</text:p></draw:text-box></presentation:notes></draw:page><draw:page draw:name="p2"/></office:presentation>'
    package(folder + "/good.odp", odf_parts("presentation", body, styles))
    open(folder + "/good.odp.text", "w").write("\f[slide 1, hidden: p1]\none\n\f[notes of slide 1]\nsay\n\f[slide 2: p2]\n")
    manifest = HEAD + '<manifest:manifest %s><manifest:file-entry manifest:full-path="content.xml" manifest:size="9"><manifest:encryption-data manifest:checksum="x"/></manifest:file-entry></manifest:manifest>' % ODF_SPACES
    package(folder + "/locked.odt", odf_parts("text", "", "", "<dc:title>T</dc:title>", {"content.xml": b"\x93" * 400, "META-INF/manifest.xml": manifest}))


def good_html(folder):
    page = (
        "<!DOCTYPE html>\n<html><head><title>A &amp; B</title><meta name=Author content='Ann'><meta charset=\"%s\"><style>p{color:red}</style></head>\n"
        "<body><h1>Head</h1><p>one@<b>exa</b>m&shy;ple<i>.org</i> and\n  <a href='http://x.example/?a=1&amp;b=2' title=\"a tip\">link</a>\u00e9<p>next<br>line"
        "<table><tr><td>a</td><td> b </td></tr><tr><th>c<th>d</table><pre>  as\n it is</pre><!-- a <b>remark</b> --><script>var x = '<p>no</p>';</script>"
        "<ul><li>x &lt; y &#x80; &#233; &unknown; AT&T</li></ul><img src=p.png alt='a cat'><input type=hidden name=k value=secret>5 < 6 <3</body></html>"
    )
    text = (
        "Head\none@example.org and link\u00e9\nnext\nline\na\tb\nc\td\n  as\n it is\nx < y \u20ac \u00e9 &unknown; AT&T\n5 < 6 <3\n"
        "\f[meta]\nAuthor\tAnn\n\f[values of fields]\ninput value\tsecret\n\f[comments]\nDOCTYPE html\n a <b>remark</b> \n"
        "\f[links]\na href\thttp://x.example/?a=1&b=2\nimg src\tp.png\n\f[descriptions]\na title\ta tip\nimg alt\ta cat\n"
    )
    for name, encoding in (("utf8", "utf-8"), ("latin", "iso-8859-1"), ("thai", "windows-874")):
        own = page.replace("\u00e9", "\u0e01") if name == "thai" else page
        open("%s/%s.html" % (folder, name), "wb").write((own % encoding).encode("cp874" if name == "thai" else encoding))
        wanted = text.replace("link\u00e9", "link\u0e01") if name == "thai" else text
        open("%s/%s.html.text" % (folder, name), "w", newline="").write(wanted)
    open(folder + "/wide.html", "wb").write(b"\xff\xfe" + (page % "x").encode("utf-16-le"))
    open(folder + "/wide.html.text", "w", newline="").write(text)
    open(folder + "/guess.html", "wb").write(b"<html><p>caf\xe9 \x93q\x94")
    open(folder + "/guess.html.text", "w").write("caf\u00e9 \u201cq\u201d\n")
    open(folder + "/x.html", "w").write('<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><p>a<![CDATA[<b>&amp;]]></p><br/>z</html>')
    open(folder + "/x.html.text", "w").write("a<b>&amp;\n\nz\n\f[comments]\n?xml version=\"1.0\"?\n")


def hostile_html(folder):
    def put(name, data):
        open("%s/h-%s.html" % (folder, name), "wb").write(data)

    put("deep", b"<html>" + b"<div><table><tr><td>" * 100000 + b"core")
    put("attribute", b"<html><a href='" + b"x" * 3000000 + b"'>t</a><p " + b"a=1 " * 100000 + b">u")
    put("open", b"<html><p>a<a href='never closed <p>b")
    put("comment", b"<html><p>a<!-- never closed <p>b")
    put("script", b"<html><p>a<script>never closed <p>b")
    put("less", b"<html>" + b"<" * 1000000 + b"x")
    put("ends", b"<html><title>" + b"</titl" * 200000)
    put("references", b"<html>&#0;&#xD800;&#99999999999;&#x;&;&amp" + b"&a" * 100000)
    put("nul", b"<html><p>a\0b\x0c[forged]\nc\x01</p>")
    put("encoding", b"<html><meta charset='x-none'><p>caf\xc3\xa9")
    put("charset", b"<html><meta charset=" + b"u" * 100000)
    put("iso2022", b"<html><meta charset=iso-2022-jp><p>\x1b$B\x24\x22\x1b(B \x1b$(Z\xff")
    put("utf7", b"<html><meta charset=utf-7><p>+ADw-script+AD4-")
    put("empty", b"<html>")
    # each with what a browser shows, and what was read instead before
    put("short", b"<p>a<!-->shown1<!--->shown2<!-- gone --!>shown3<!--<!-->shown4")
    put("cdata", b"<p><![CDATA[gone > shown ]]>")
    put("escaped", b"<p>a<script><!--<script>gone</script>gone--></script>shown<style>gone</style x=y>shown2<title>T<p></title/>")
    put("bare", b"<p><a href=it's>shown</a> it's")
    put("plaintext", b"<p>a<plaintext>b</plaintext><p>c &amp;")
    put("named", b"&CounterClockwiseContourIntegral;&NotEqualTilde;&ampx&notit;<a href='?a&lt=1&copy;'>")
    put("in-comment", b"<!-- <meta charset=koi8-r> --><p>caf\xc3\xa9")
    put("ibm", b"<meta charset=ibm037><p>caf\xc3\xa9")
    put("utf16", b"<meta charset=utf-16le><p>caf\xc3\xa9")
    put("user", b"<meta charset=x-user-defined><p>caf\xe9\x80")
    put("hz", b"<meta charset=hz-gb-2312><p>~{VPNDsoft~}")
    put("gbk", b"<meta charset=gb2312><p>\x81\x30\x81\x36 \xd6\xd0")
    put("korean", b"<meta charset=euc-kr><p>\x8c\x63")
    put("second", b"<meta charset=none><meta charset=koi8-r><p>\xc1")
    put("xhtml", b"<?xml version='1.0' encoding='utf-8'?><html xmlns='http://www.w3.org/1999/xhtml'><head><title/><script src='x'/></head><p>shown</p></html>")


def good_rtf(folder):
    rtf = (
        r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fcharset0 Times;}{\f1\fcharset204 Arial;}{\f2\fcharset128 MS;}{\f3\fcharset2 Symbol;}}{\colortbl;\red1;}"
        r"{\info{\title A \'e9}{\author Ann}{\operator Bob}{\creatim\yr2026\mo1\dy2\hr3\min4\sec5}{\revtim\yr2026\mo2\dy30}{\printim\yr0}{\upr{\keywords x}{\*\ud{\keywords \u26085?}}}}{\*\generator Gen 1;}"
        "\n"
        r"\pard one@{\b exa}{\i m\-ple}.org caf\'e9 \{x\}\par {\f1 \'cf\'f0}{\f2 \'93\'fa\'96\'7b}{\f3 a}\u8364?\u-10179?\u-8704?\uc2\u233\'c3\'a9!\uc0\u233 z\par"
        "\n"
        r"a\tab b\line c\~d\_e\emdash\par the {\deleted old}{\revised new} text\par vis{\v secret}\v hid\v0 ible{\footnote the {\field{\*\fldinst HYPERLINK x}{\fldrslt note}}\par}.\par"
        r"{\field{\*\fldinst{HYPERLINK {"
        '"http://f.example/"'
        r"}}}{\fldrslt shown}}\par\trowd\intbl c1\cell c2\cell\row{\pict\wmetafile8\bin5 }}}}}0102}{\*\unknown gone{\par x}}{\object\objemb{\*\objclass Word.Document.8}{\*\objdata 01050000}{\result res}}"
        r"{\*\atnid A}{\*\atnauthor Eve}{\*\annotation remark}{\shp{\*\shpinst{\sp{\sn x}{\sv y}}{\shptxt box\par}}}{\header top\par}last}"
    )
    text = (
        "one@example.org caf\u00e9 {x}\n\u041f\u0440\u65e5\u672c\uf061\u20ac\U0001f600\u00e9!\u00e9z\na\tb\nc\u00a0d\u2011e\u2014\nthe new text\nvisible.\nshown\nc1\nc2\nreslast\n"
        "\f[footnote]\nthe note\n\f[comment, Eve]\nremark\n\f[text box]\nbox\n\f[header]\ntop\n\f[embedded objects]\nWord.Document.8\n"
        '\f[before tracked changes]\nthe old text\n\f[with hidden text]\nvissecrethidible.\n\f[fields]\nHYPERLINK x\nHYPERLINK "http://f.example/"\n'
    )
    open(folder + "/good.rtf", "wb").write(rtf.encode("ascii") + b"\0\0\0")
    open(folder + "/good.rtf.text", "w", newline="").write(text)


def hostile_rtf(folder):
    def put(name, data):
        open("%s/h-%s.rtf" % (folder, name), "wb").write(data)

    put("deep", b"{\\rtf1 above" + b"{\\b " * 100000 + b"core" + b"}" * 100000 + b" below}")
    put("deeper", b"{\\rtf1 above" + b"{" * 1100000)
    put("close", b"{\\rtf1 above}}}}}}" + b"}" * 1000)
    put("open", b"{\\rtf1 above{\\b half")
    put("bin", b"{\\rtf1 a\\bin99999999999999 b}")
    put("bin2", b"{\\rtf1 a\\bin-5 b\\bin3 }}}c}")
    put("word", b"{\\rtf1 \\" + b"w" * 100000 + b"99999999999999999999 x}")
    put("u", b"{\\rtf1 \\u99999999 \\u-99999999 \\u55357 x\\u-8704 \\uc999999\\u65 \\u0 }")
    put("font", b"{\\rtf1{\\fonttbl\\f99999\\fcharset128 x;\\f-1\\fcharset2\\cpg12345 y;}\\f99999 a\\f-1\\'80\\f4095 b{\\cpg99999 \\'80}{\\cpg1361 \\'80}}")
    put("theme", b"{\\rtf1\\ansicpg1252\\deff0{\\fonttbl{\\f31506\\fcharset204 A;}{\\f-7\\fcharset161 B;}{\\f5\\fcharset77 C;}}{\\f31506\\'cf}{\\f-7\\'e1}{\\f5\\'8e} \\f0 \\'e9\\par}")
    put("charset", b"{\\rtf1\\ansicpg1252{\\fonttbl{\\f0 A;}{\\f1\\fcharset199 B;}}\\f0 \\'e9\\par{\\f1 plain \\'e9}}")
    put("nofont", b"{\\rtf1{\\fonttbl{\\f0 A;}}{\\f9 \\'e9}}")
    put("johab", b"{\\rtf1{\\fonttbl{\\f1\\fcharset130 B;}}{\\f1 \\'88\\'61}}")
    put("fonts", b"{\\rtf1{\\fonttbl" + b"".join(b"{\\f%d\\fcharset204 A;}" % (9000 - i) for i in range(5000)) + b"}{\\f9000 \\'cf}{\\f4001 \\'cf}}")
    put("dates", b"{\\rtf1{\\info{\\creatim\\yr2026\\mo1\\dy2}{\\revtim\\yr2026\\mo1\\dy2\\hr0\\min0}{\\printim\\yr2026\\mo1\\dy2\\hr7}}x}")
    put("hex", b"{\\rtf1 \\'zz\\'9\\'")
    put("page", b"{\\rtf1\\ansicpg0\\ansicpg99999\\ansicpg7777 \\'80}")
    put("forged", b"{\\rtf1 a\\line\\'0c[forged]\\par\x0c[forged]\\par \\u12 [forged]\\u1 x{\\footnote \\u1 forged\\par\\u1 again}}")
    put("info", b"{\\rtf1{\\info{\\title " + b"t" * 100000 + b"}{\\creatim\\yr99999999\\mo-1}{\\revtim\\yr2026\\mo13\\dy1}}x}")
    put("stars", b"{\\rtf1 " + b"\\*" * 10000 + b"\\*\\par x}")
    put("notes", b"{\\rtf1 " + b"{\\footnote a" * 5000 + b"}" * 5000 + b"}")
    put("block", b"{\\rtf1 " + b"x" * (65536 - 9) + b"\\par y\\'" + b"41}")


def hostile(folder):
    def word(name, body, **how):
        package("%s/%s" % (folder, name), word_parts(body, **how))

    def raw(name, document):
        parts = word_parts("")
        parts["word/document.xml"] = document
        package("%s/%s" % (folder, name), parts)

    open_w = '<w:document xmlns:w="%s"><w:body>' % W
    close_w = "</w:body></w:document>"
    laughs = "".join('<!ENTITY l%d "%s">' % (i, ("&l%d;" % (i - 1)) * 10 if i else "lol") for i in range(10))
    raw("laughs.docx", HEAD + "<!DOCTYPE d [%s]>" % laughs + open_w + p("before") + p("&l9;") + p("behind") + close_w)
    raw("quadratic.docx", HEAD + '<!DOCTYPE d [<!ENTITY a "%s">]>' % ("a" * 100000) + open_w + p("&a;" * 10000) + close_w)
    raw("file.docx", HEAD + '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd"><!ENTITY % b SYSTEM "http://127.0.0.1:9/x"> %b;]>' + open_w + p("x&a;y") + close_w)
    raw("doctype.docx", HEAD + '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/d.dtd">' + open_w + p("plain") + close_w)
    raw("deep.docx", HEAD + open_w + p("above") + "<w:x>" * 100000 + "</w:x>" * 100000 + close_w)
    word("boxes.docx", "<w:p><w:r><w:txbxContent>" * 60 + "core" + p("innermost") + "</w:txbxContent></w:r></w:p>" * 60)
    word("attribute.docx", p("above") + '<w:p w:x="%s"/>' % ("a" * 12000000) + p("below"))
    word("names.docx", p("above") + "<w:%s/>" % ("n" * 200000))
    word("attributes.docx", "<w:p %s/>" % " ".join('a%d="1"' % i for i in range(100000)) + p("below"))
    word("long.docx", p("above") + p("x" * 20000000))
    word("bomb.docx", p("above") + "<w:p/>" + " " * 200000000)
    word("changes.docx", '<w:p><w:ins w:author="x">' * 70 + "<w:r><w:t>t</w:t></w:r>" + "</w:ins></w:p>" * 70)
    word("heading.docx", p("a&#10;[forged]") + '<w:p><w:ins w:author="a&#10;b&#9;c"><w:r><w:t>x</w:t></w:r></w:ins></w:p>')
    word("forms.docx", '<mc:AlternateContent><mc:Choice>' * 50 + p("x") + "</mc:Choice><mc:Choice>" + p("y") + "</mc:Choice>" + "</mc:AlternateContent></mc:Choice>" * 49 + "</mc:AlternateContent>")
    was = '<w:rPrChange w:id="1" w:author="a"><w:rPr><w:vanish%s/></w:rPr></w:rPrChange>'
    form = '<mc:Choice Requires="%s"><w:r><w:t>%s</w:t></w:r></mc:Choice>'
    last = "<mc:Fallback><w:r><w:t>last%s</w:t></w:r></mc:Fallback>"
    word("choices.docx", "".join("<w:p><mc:AlternateContent>" + c + last % i + "</mc:AlternateContent></w:p>" for i, c in enumerate((form % ("zz", "A"), form % ("wps zz", "B") + form % (" wps  wp ", "C") + form % ("wps", "D"), form % ("", "E"), '<mc:Choice xmlns:wps="urn:zz" Requires="wps"><w:r><w:t>F</w:t></w:r></mc:Choice>'))))
    word("former.docx", "<w:p><w:r><w:rPr>" + was % "" + "</w:rPr><w:t>seen</w:t></w:r><w:r><w:rPr><w:vanish/>" + was % ' w:val="0"' + "</w:rPr><w:t>unseen</w:t></w:r></w:p>")
    inner = "<w:r>%s<w:t>%s</w:t></w:r>"
    word("ruby.docx", "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:ruby><w:rt>" + inner % ("", "above") + "</w:rt><w:rubyBase>" + inner % ('<w:rPr><w:vanish w:val="0"/></w:rPr>', "base") + "</w:rubyBase></w:ruby><w:t>unseen</w:t></w:r><w:r><w:t>seen</w:t></w:r></w:p>")
    raw("cut.docx", HEAD + open_w + p("above") + "<w:p><w:r><w:t>half")
    raw("unclosed.docx", HEAD + open_w + p("above") + "</w:p>" + p("below") + close_w)
    raw("bad-utf8.docx", (HEAD + open_w).encode() + p("above").encode() + b"<w:p><w:r><w:t>\xff\xfe</w:t></w:r></w:p>" + close_w.encode())
    raw("encoding.docx", '<?xml version="1.0" encoding="x-none"?>' + open_w + p("above") + close_w)
    far = word_parts(p("above") + "<!-- %s -->" % ("x" * 300000) + p("far away") + "<!-- %s -->" % ("y" * 300000))
    package(folder + "/far.docx", far, zipfile.ZIP_STORED)
    raw("empty.docx", "")
    raw("zeros.docx", bytes(1000))
    loop = {"word/header1.xml": part("hdr", p("h")), "word/_rels/header1.xml.rels": rels(("r1", "header", "header1.xml", False), ("r2", "header", "document.xml", False), ("r3", "header", "../../../../etc/passwd", False))}
    word("loop.docx", p("body"), extra=loop, more_rels=(("r1", "header", "header1.xml", False),))
    chain = {}
    for i in range(40):
        chain["word/h%d.xml" % i] = part("hdr", p("h%d" % i))
        chain["word/_rels/h%d.xml.rels" % i] = rels(("r1", "header", "h%d.xml" % (i + 1), False))
    word("chain.docx", p("body"), extra=chain, more_rels=(("r1", "header", "h0.xml", False),))
    whole = open(folder + "/good.docx", "rb").read()
    open(folder + "/nodir.docx", "wb").write(whole[: whole.index(b"PK\x01\x02")])
    open(folder + "/half.docx", "wb").write(whole[: len(whole) // 2])
    open(folder + "/crc.docx", "wb").write(whole.replace(b"PK\x01\x02", b"PK\x01\x02", 1)[:100] + bytes(40) + whole[140:])
    open(folder + "/notzip.docx", "wb").write(b"PK\x03\x04" + bytes(300))
    package(folder + "/program.nupkg", {"[Content_Types].xml": types("x.nuspec", "x"), "_rels/.rels": rels(("r1", "core-properties", "docProps/core.xml", False), ("r2", "manifest", "x.nuspec", False)), "docProps/core.xml": word_parts("", props="<dc:creator>Pat</dc:creator>")["docProps/core.xml"], "x.nuspec": "<x/>"})
    package(folder + "/twice.xlsx", book_parts('<row r="1"><c r="A1"><v>11</v><v>22</v></c></row>'))
    package(folder + "/shared.xlsx", book_parts('<row r="1"><c r="A1"><f t="shared" si="1048575">1</f><v>1</v></c><c r="B1"><f t="shared" si="99999999999999999999">1</f></c><c r="C1"><f t="shared" si="-1"/></c><c r="D1"><f t="shared" si="1048575"/></c></row>'))
    binary = word_parts("")
    binary["[Content_Types].xml"] = types("xl/workbook.bin", "x").replace(OFFICE + "x", "application/vnd.ms-excel.sheet.binary.macroEnabled.main")
    binary["_rels/.rels"] = rels(("r1", "officeDocument", "xl/workbook.bin", False))
    binary["xl/workbook.bin"] = "b"
    package(folder + "/binary.xlsb", binary)
    many = {"[Content_Types].xml": types("xl/workbook.xml", "spreadsheetml.sheet.main+xml"), "xl/workbook.xml": HEAD + '<workbook xmlns="%s" xmlns:r="%s"><sheets>%s</sheets></workbook>' % (S, R, '<sheet name="x" r:id="rId1"/>' * 12000), "xl/_rels/workbook.xml.rels": rels(("rId1", "worksheet", "s.xml", False), ("rId2", "sharedStrings", "s.xml", False)), "xl/s.xml": HEAD + '<worksheet xmlns="%s"><sheetData><row r="99999999999999999999"><c r="ZZZZZZZ1" t="s"><v>99999999999</v></c><c t="s"><v>-1</v></c><c r="A1" t="b"/></row></sheetData></worksheet>' % S}
    package(folder + "/sheets.xlsx", many)
    package(folder + "/huge-counts.ods", odf_parts("spreadsheet", '<office:spreadsheet><table:table><table:table-row table:number-rows-repeated="99999999999999999999"><table:table-cell table:number-columns-repeated="16000000"><text:p>x<text:s text:c="999999999"/>y</text:p></table:table-cell><table:table-cell table:number-columns-repeated="16000000"><text:p>z</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet>'))
    package(folder + "/flood.odt", odf_parts("text", "<office:text><text:p>" + "<text:note><text:note-body><text:p>%s</text:p></text:note-body></text:note>" % ("n" * 41) * 400000 + "</text:p></office:text>"))
    package(folder + "/nested.odt", odf_parts("text", "<office:text>" + "<text:p>a<text:note><text:note-body>" * 40 + "<text:p>x</text:p>" + "</text:note-body></text:note>b</text:p>" * 40 + "</office:text>"))


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    for make in (good_word, good_sheet, good_deck, good_odf, hostile, good_html, hostile_html, good_rtf, hostile_rtf):
        make(folder)


main()
