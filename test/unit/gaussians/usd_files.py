"""USD layers with fields of Gaussians: a binary one that OpenUSD 26.11 wrote, and one of text."""

import base64
import zlib

import numpy as np

_PACKED = (
    "c-rk)O>7&-8U2>a6-m>MNJ(_0%CV(5X{5wT7)vRH#1)5<=*XyJuPhN&5d`suTt$oWFUxi7^t3>o)`uR9q6edB03L"
    "lv0rloX(WpTV?x_a)1EEa;r40fiXbPrwV+BsEyj{+aYt=>PkfVosGw+*uGy8UTX2_Aga%LjGG(SgC^3$yW`bv_*%"
    "P<h)JPzy)wCxMD^#X}N+z0dn5gw<2{lJ63ATR`c4Hyn+4ge1U2Z2MtNI)~jHIC{R?hLXF%FKS@xbE4?Cc-KmraKD"
    "hcf3TJXr7{JI_Bqo8oTFRyO}OT>?d}2dr-f-^f}wr|Ni**$G_+J+T8;j^FQQ+@tAn*<A2Xve>uF}?&rrFpx_(e4B"
    "TbB4ZMMJ1ZaS7Fs=jNLU|V0+VIvA@AF%%Z179q3Gk6D?+=~^Uk6Wvvn(GATnE1nu7jV=@^Qgy;4SbPxSQqI0KbSb"
    "3S0!gl;zh0zl?GaxD4LN@@s=%K{*Co0bkE@AK+I}P6JoLH?rIl_%)OZz%}seS?&*f6Xgo93BHx(Ucs9v*MKH?E6a"
    "U@Z=*a9Y=hG*zlV3QOM+hj4}(W%`Tc<J1^)^7Uhu>$zc=s!@SlMXfDg{{`vgA#{tNH}@BG)in5JLj?H$8gouwIEa"
    "~{#Vcp7)lgKr|6X>X4WV1sXy31GyV2Y?Qo&2+Uapxv73YSRI2Ez{My0WAfzETHw~9}D={3iwC|d<gBujHG9-y_Av"
    "jEVP$1a-M~@k&*K(v{y2cp1F2CBj;IYuS$9r+6_t1LVHcpv(R3b^enWSlAeWjOVYE@HYGg^ZA;R#&~8h57FutgmG"
    "LaJVJ7EUXroNdv(WBka-M}Y!Q?y(?EsVWEVP46&a==SU~-;?*86Ug@hr5DFgedcJI3TZ3+)jm=UHgeOwO~=PBA&p"
    "LOadmJPYkHNzX#dBs~l5yrgHLU6AxFv?nD!3#~5cS!kD8;QRUrrF|UrG3DbKAKwU`J37Aw`S%QEy5HUY@n$B_-Z}"
    "1cH64AXtEYh84fJ;d<5NK2={IxV&sXb53;v={<Ja3X@+o}Mew_ACqv^I}z5N@%z4P27wcfs4_y5xFaay}hAyL+?R"
    "|4nv!Chy6p<4D1_AndW)vh3+Cp*gHqx|syD<QaPKQ}Q>Wz#Y3x^CL}isjIE=v*y(-m25Lt9GeKHQOrBty!g_ZC0p"
    "gt{Ue`j*dE<=WAxcTD44@R#vNanVi>a<|(6W((}f-dfhTAb(%wH8+9tAIi>TS^mOf6$40xy`{?HIX}gF~YIe0|+K"
    "y$`>HAjEq&1_oO1goXLdiUCnWf_7{L6GBwp1$_4%Mo4%dx7J`WjVj%d9xY1EkjrM#<bytY#FfGt^40k!=*=q+mW<"
    "udSK3h4ux*E>|m7p*~kNS68h<mU_o2eyeBReAPBhs#kHr%BwF_i{^q=`7y<QMCu#VbAft)NU007TB;h(i!a%V5>r"
    "spYv&9nN{uzpTGgsJlYJE0gT0TG=jiW~s5MJw8Sa*>ADmE7O>faB;qMu?WxQgQEa!D{s^7(fExf6)d8_UmQhrKh!"
    "?CUNQ^kYSA`IYIWpl|W*GhOUB2DmeQdE4B^yWrBpHC%|$sBS;35D=?o3zMHEkd6)6}ldIKl1*=pF-DcHhcGpInZd"
    "Ylo$(P-lXGfC4xiWIEAA$8fPAVoW)}Fbet8VG&xSV+vEdLFLwR-65;_rZus%Lh)4ani9Fgk93>WKBT9_Y5%&>qyf"
    "~Xq&}7nmG(jU9D(d^(uea-4s2_A6L;a?P`XP5LLOSZHCq@qsy4NVJvd4S<s*C$#G&<zIj3uM8Cwj4m$612<kF=;?"
    "P0-USTTc@kbT8xGVw{Nx%|Y;Fl=`27zu%0|WG|(09hQhuBkrE`7toWm#GlDZXKfw#9+RTwbIDXbw>Xen)OCG1pT{"
    "Gn&$Z7qbz2L6s)hffMQ&)3(7$_I$$$0#GxgDf&7lv6|8a0@^lzh~_lEcU^<eZbkKOLs9RKqZxAy#TJp6|tKD;Oob"
    "*{J1TcY{J0X?NF-umtPxbI_CQI#8jdblG?e!jD_gV(*doKzxTM3oPAhCkdn{HKtzqfY!jr1Yr69cj$V7xM#@B4tO"
    "rt=v(R=r*!D;^GM*-BQHf5mqSl#Y3GT;@&?QbK$(EFA{00rt(B;ptF~0?Tst4bGwIEFQ5Ka?$lCuv%0`L{Ekn*rR"
    "6gxPCefhywJzDKpr1Ikvlmb=%459D@w3Ew=5*T>~EKAJl3<z3xV#G;{SeqgU3sHZZ6pVbKd?EkG}*!1XLR"
)
CRATE = zlib.decompress(base64.b85decode(_PACKED))
"""Two fields of ``field_rows``: ``wide`` of 40 Gaussians, degree 1, float; ``half`` of 5, degree 0.

Both below /World/Gaussians, whose transform is TURN and SHIFT; a unit is half a metre, y up; a
camera that moves stands beside them.
"""
TURN, SHIFT, UNIT_M = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]]), np.array([1, 2, 3]), 0.5


def field_rows(count: int, terms: int) -> tuple[np.ndarray, ...]:
    """Return the positions, sigmas, quaternions (w, x, y, z), opacities and harmonics of a field.

    All are numbers that halves hold exactly; opacities are three only, which binary layers pack.
    """
    i = np.arange(count)
    means = np.stack([i, i / 2, -i], axis=1)
    sigmas = np.stack([2.0 ** -(i % 3), 2.0 ** -(i % 4), np.full(count, 0.125)], axis=1)
    turns = np.stack([1 + 0 * i, i % 2, i % 3, 0 * i], axis=1)
    sh = (i[:, None, None] + 4 * np.arange(terms)[:, None] + np.arange(3)) / 16
    return means, sigmas, turns, np.array([0.25, 0.5, 1.0])[i % 3], sh


def text_layer(count: int, degree: int, *, more: str = "", kind: str = "") -> str:
    """Return a text layer with one field; ``more`` are further attributes."""
    means, sigmas, turns, opacities, sh = field_rows(count, (degree + 1) ** 2)
    rows = {
        "point3f[] positions": means,
        "float3[] scales": sigmas,
        "quatf[] orientations": turns,
        "float[] opacities": opacities,
        "float3[] radiance:sphericalHarmonicsCoefficients": sh.reshape(-1, 3),
    }
    told = "\n".join(f"        {name} = {_listed(part)}" for name, part in rows.items())
    return f"""#usda 1.0
(
    defaultPrim = "World"
    metersPerUnit = 1
)

def Xform "World"
{{
    def {kind or "ParticleField3DGaussianSplat"} "splats" (
        prepend apiSchemas = ["ColorSpaceAPI"]
    )
    {{
{told}
        uniform int radiance:sphericalHarmonicsDegree = {degree}
        {more}
    }}
}}
"""


def _listed(part: np.ndarray) -> str:
    rows = part.tolist()
    texts = map(str, map(tuple, rows)) if part.ndim > 1 else map(str, rows)
    return f"[{', '.join(texts)}]"
