"""Uploaded logos: what is drawn, what is refused and why, and that only pixels are kept."""

import struct
import tracemalloc
import zlib
from io import BytesIO

import pytest
import zxingcpp
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from market.documents import svg_raster
from market.documents.logos import KEPT_SIDE, LARGEST_FILE, read_logo
from market.documents.svg_raster import NotDrawn, rasterised
from market.domain.errors import Invalid, TooLarge

SVG_HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    ' viewBox="0 0 80 40">'
)
LEAF = '<path d="M0 40C0 10 30 0 80 0 80 30 50 40 0 40z" fill="#0b5d51"/>'


def svg(content: str = LEAF, head: str = SVG_HEAD) -> bytes:
    return f"{head}{content}</svg>".encode()


def picture(size: tuple[int, int] = (300, 150), colour: str = "#c00000") -> Image.Image:
    return Image.new("RGBA", size, colour)


def png(image: Image.Image | None = None, **options: object) -> bytes:
    file = BytesIO()
    (image or picture()).save(file, "PNG", **options)
    return file.getvalue()


def kept(file: bytes) -> Image.Image:
    return Image.open(BytesIO(read_logo(file).png))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_claiming(width: int, height: int) -> bytes:
    """A small file of a huge picture: a row of zeros again and again."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    pixels = zlib.compress(bytes(width // 8 + 1) * 100, 9)
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


# PNG


def test_a_png_keeps_its_pixels() -> None:
    logo = kept(png())

    assert (logo.size, logo.mode, logo.getpixel((5, 5))) == ((300, 150), "RGB", (192, 0, 0))


def test_the_same_file_gives_the_same_bytes_and_name() -> None:
    first, second = read_logo(png()), read_logo(png())

    assert (first.png, first.sha256) == (second.png, second.sha256)


def test_what_is_transparent_stays_so_and_empty_edges_go() -> None:
    image = Image.new("RGBA", (400, 300))
    image.paste(picture((200, 100)), (150, 120))
    image.putpixel((200, 150), (0, 0, 0, 0))

    logo = kept(png(image))

    assert (logo.size, logo.mode) == ((200, 100), "RGBA")
    assert logo.getpixel((50, 30)) == (0, 0, 0, 0)


def test_a_large_picture_is_kept_as_large_as_it_can_be_printed() -> None:
    assert kept(png(picture((3000, 1500)))).size == (KEPT_SIDE, KEPT_SIDE // 2)


def test_words_and_places_hidden_in_a_png_are_not_kept() -> None:
    info = PngInfo()
    info.add_text("Author", "Nguyễn Thị Mẫu")
    exif = Image.Exif()
    exif[0x010E] = "Chụp tại nhà"

    logo = read_logo(png(pnginfo=info, exif=exif, icc_profile=b"profile", dpi=(72, 72)))

    assert Image.open(BytesIO(logo.png)).info == {}
    assert b"Author" not in logo.png


def test_what_stands_behind_a_png_is_not_kept() -> None:
    assert b"<script>" not in read_logo(png() + b"<script>alert(1)</script>").png


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I;16", "RGB"])
def test_every_kind_of_png_is_read(mode: str) -> None:
    image = Image.new("L", (200, 200), 0)

    assert kept(png(image.convert(mode))).size == (200, 200)


def test_a_picture_of_fifty_thousand_pixels_is_refused_before_it_is_unpacked() -> None:
    bomb = png_claiming(50_000, 50_000)
    tracemalloc.start()

    with pytest.raises(TooLarge, match="50000 × 50000 điểm ảnh quá lớn: mỗi cạnh nhiều nhất 4096"):
        read_logo(bomb)

    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_a_picture_within_the_sides_but_over_the_number_of_pixels_is_refused() -> None:
    with pytest.raises(TooLarge, match="8 triệu"):
        read_logo(png_claiming(4096, 4096))


def test_a_file_over_the_limit_is_refused_with_the_numbers() -> None:
    with pytest.raises(TooLarge, match="1025 KiB, nhiều nhất 1024 KiB"):
        read_logo(png() + bytes(LARGEST_FILE))


def cut_short() -> bytes:
    return png()[:-40]


def wrong_check() -> bytes:
    return png().replace(b"IDAT", b"IDAX")


def no_header() -> bytes:
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IEND", b"")


def only_signature() -> bytes:
    return b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("file", [cut_short(), wrong_check(), no_header(), only_signature()])
def test_a_broken_png_is_refused(file: bytes) -> None:
    with pytest.raises(Invalid, match="bị hỏng"):
        read_logo(file)


@pytest.mark.parametrize("file", [b"", b"GIF89a", b"\xff\xd8\xff\xe0JFIF", b"%PDF-1.7", b"logo"])
def test_another_kind_of_file_is_refused(file: bytes) -> None:
    with pytest.raises(Invalid, match="phải là tệp PNG hoặc SVG"):
        read_logo(file)


def test_a_small_picture_is_refused_with_its_size() -> None:
    with pytest.raises(Invalid, match="chỉ có 120 × 90 điểm ảnh"):
        read_logo(png(picture((120, 90))))


def test_an_empty_picture_is_refused() -> None:
    with pytest.raises(Invalid, match="trong suốt"):
        read_logo(png(Image.new("RGBA", (300, 300))))


def test_a_white_logo_is_refused_on_white_paper() -> None:
    with pytest.raises(Invalid, match="gần như trắng"):
        read_logo(png(picture(colour="#f5f5f5")))


@pytest.mark.parametrize("kind", [zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.DataMatrix])
def test_a_logo_that_holds_a_code_is_refused(kind: zxingcpp.BarcodeFormat) -> None:
    code = zxingcpp.create_barcode("https://example.vn", kind).to_image(scale=8)

    with pytest.raises(Invalid, match="một mã quét được"):
        read_logo(png(Image.fromarray(code)))


# SVG


def test_an_svg_is_drawn_as_large_as_it_can_be_printed() -> None:
    logo = kept(svg())

    assert (logo.size, logo.mode) == ((1000, 500), "RGBA")
    assert logo.getpixel((500, 250)) == (11, 93, 81, 255)
    assert logo.getpixel((2, 2)) == (0, 0, 0, 0)


def test_an_upright_svg_keeps_its_shape() -> None:
    drawn = svg('<rect width="30" height="90"/>', SVG_HEAD.replace("0 0 80 40", "0 0 30 90"))

    width, height = kept(drawn).size
    assert (width, round(height / width, 2)) == (333, 3)


def test_a_size_without_a_view_box_will_do() -> None:
    head = '<svg xmlns="http://www.w3.org/2000/svg" width="40mm" height="20mm">'

    assert kept(svg('<rect width="40" height="20" fill="red"/>', head)).size == (1000, 500)


def test_styles_gradients_uses_and_clips_are_drawn() -> None:
    content = """<title>Logo</title><style>.a{fill:#c00000;}</style>
      <defs><linearGradient id="g"><stop stop-color="#0000c0"/></linearGradient>
      <clipPath id="c"><rect width="40" height="40"/></clipPath>
      <rect id="r" width="80" height="40"/></defs>
      <use xlink:href="#r" class="a"/><g clip-path="url(#c)"><use href="#r" fill="url(#g)"/></g>"""

    logo = kept(svg(content))

    assert logo.getpixel((250, 250)) == (0, 0, 192)
    assert logo.getpixel((750, 250)) == (192, 0, 0)


def test_what_only_an_editor_reads_is_left_out() -> None:
    head = SVG_HEAD.replace("<svg ", '<svg xmlns:e="http://www.inkscape.org/" e:version="1" ')
    content = '<metadata><script/></metadata><e:view onload="x"><e:text>a</e:text></e:view>'

    assert read_logo(svg(content + LEAF, head)).png == read_logo(svg()).png


def test_a_document_type_without_entities_will_do() -> None:
    kind = b'<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "svg11.dtd">'

    assert read_logo(kind + svg()).png == read_logo(svg()).png


def test_an_svg_in_sixteen_bits_is_read() -> None:
    declared = '<?xml version="1.0" encoding="UTF-16"?>' + svg().decode()

    assert read_logo(declared.encode("utf-16")).png == read_logo(svg()).png


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<script>alert(1)</script>", "phần chạy được (<script>)"),
        ('<rect onclick="alert(1)" width="9" height="9"/>', "phần chạy được (onclick)"),
        ("<foreignObject><p/></foreignObject>", "phần chạy được (<foreignObject>)"),
        ('<set attributeName="x" to="1"/>', "phần chạy được (<set>)"),
        ('<image href="/etc/hostname.png" width="9" height="9"/>', "dùng <image>"),
        ('<filter id="f"><feImage href="a.png"/></filter>', "dùng <filter>"),
        ('<a href="https://example.vn"><rect/></a>', "dùng <a>"),
        ("<text>Chợ</text>", "chuyển chữ thành đường nét"),
        ('<use href="other.svg#a"/>', "trỏ ra ngoài nó (“other.svg#a”)"),
        ('<use xlink:href="https://example.vn/a.svg#a"/>', "trỏ ra ngoài"),
        ('<use href=" javascript:alert(1)"/>', "trỏ ra ngoài"),
        ('<rect fill="url(https://example.vn/a#b)"/>', "trỏ ra ngoài"),
        ("<rect style=\"fill: URL( 'file:///etc/passwd' )\"/>", "trỏ ra ngoài"),
        ("<style>@import 'https://example.vn/a.css';</style>", "(@ hoặc \\)"),
        ("<style>rect{fill:u\\72l(//example.vn/a)}</style>", "(@ hoặc \\)"),
        ("<svg><rect/></svg>", "không phải một hình SVG"),
        ("<g>", "bị hỏng"),
        ('<g id="a"><use href="#a"/></g>', "trỏ vòng"),
        ("<g>" * 41 + "</g>" * 41, "quá phức tạp"),
        ("<rect/>" * 5001, "quá phức tạp"),
    ],
)
def test_an_svg_that_is_more_than_a_drawing_is_refused(content: str, message: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_logo(svg(content))

    assert message in refused.value.message


def test_references_that_multiply_are_refused_before_they_are_drawn() -> None:
    levels = ""
    for level in range(1, 9):
        uses = f'<use href="#a{level - 1}"/>' * 10
        levels += f'<g id="a{level}">{uses}</g>'

    with pytest.raises(Invalid, match="lặp đi lặp lại"):
        read_logo(svg(f'<rect id="a0" width="1" height="1"/>{levels}'))


def test_declared_entities_are_refused_before_they_are_used() -> None:
    bomb = b'<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'

    with pytest.raises(Invalid, match="ENTITY"):
        read_logo(bomb + svg())


@pytest.mark.parametrize(
    "head",
    [
        '<svg xmlns="http://www.w3.org/2000/svg">',
        SVG_HEAD.replace("0 0 80 40", "0 0 0 40"),
        SVG_HEAD.replace("0 0 80 40", "0 0 1e999 40"),
        SVG_HEAD.replace("0 0 80 40", "0 0 . 40"),
        SVG_HEAD.replace('viewBox="0 0 80 40"', 'width="100%" height="100%"'),
    ],
)
def test_an_svg_without_a_size_is_refused(head: str) -> None:
    with pytest.raises(Invalid, match="không ghi kích thước"):
        read_logo(svg(LEAF, head))


def test_an_absurd_shape_is_refused_with_its_numbers() -> None:
    with pytest.raises(Invalid, match="1 × 100000 quá dài"):
        read_logo(svg(LEAF, SVG_HEAD.replace("0 0 80 40", "0 0 1 100000")))


@pytest.mark.parametrize("file", [b"<html><body/></html>", b"<svg/>", b"<"])
def test_another_markup_is_refused(file: bytes) -> None:
    with pytest.raises(Invalid, match=r"không phải một hình SVG|bị hỏng"):
        read_logo(file)


# The renderer's own process


def test_the_renderer_ends_when_its_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(svg_raster, "WALL_SECONDS", 0)

    with pytest.raises(Invalid, match="Không vẽ được"):
        read_logo(svg())


def test_a_drawing_that_needs_too_much_memory_harms_nobody() -> None:
    with pytest.raises(NotDrawn):
        rasterised(svg().decode(), 30_000, 30_000)
