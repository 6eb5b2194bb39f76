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
PUT = zlib.decompress(
    base64.b85decode(
        "c-pN}ON-M`6#j0KzEX?R(mLX5KsOa<w2UC?!jw)%i_&)bz%t?@ZEi7`HX%)Ax)_+{Ed2@d7hJe-Blr&#T)1@MN;efc"
        "RJ0Fo%FQ(5#)SvId+t5od0tMXS>0^Zb_$4MDVIe27a?4W9G=7&WQI6{z-"
        "{Lk5)2z85G?$aZgkJT{i7oZ<iEi0Z@GTsJCCb(H?u&Oy42}csMF{fE~=L0!gh>q;hACT4(&mw9c^H`6=p-"
        "<rfs8RPzTM9<#gc=ZCcX06dGD+<G?eP?K`fc_4=mf(iFzovZFJ9+p%owxCZTG>pII|>RW@puEC)l%Br-P-PVStrRmV"
        "ELCd7uhZu$7TF+_k$y2=097Agvrr{3HhC9!Jz>pY8-mg^BjSL}EnM~q1P0aUw_5?U$UldcCEX$27#0YYTD-"
        "q;zRf)uqiz|8*+gTh$kvxtfcNwqPc?+qi$H`ILURTn~J6XfYHRaPXZTx717r1iPN6Kq6pHHfpOe2q(^ivXkNP;ktq="
        "|eg3**FhIj|TA%!2pc2x^*uh*NR8=9@n+m^9La2;pz*UoWog-"
        "m%xfLYmD(v$>xx?(;9bPLkfftSU%eb9)4#kSH#<#Qz>3Bq6f+73QXT`Jq~>tv2in*B`j9)vLwQ{guOOvf4aPc8ltxo"
        "k09M&L985t99R{$d~#ie^>JL2Z3-La{jSjzoHg`{7263^7n6Pbd6~"
    )
)
"""Of OpenUSD 26.11: puts ./field.usda at /Root/a, moved by 10 along x, as a payload at /Root/b,
moved by 20, and at /Root/c, not moved."""
TIMED = zlib.decompress(
    base64.b85decode(
        "c-pO0-A)rh6h6BxbeBSD5rmi+6XFFmqBQkN6T3}YexlYw+ekvV7`L-"
        "9$^JPzkdSz>kKiNpQZIc2F1<27fDfRFKahwR5pi~zZMVdD<;k8oKi`=%voq&RV|{JD-"
        "K<tXfsmXe{1=jhOvH4R^RUp<oJTp2an5ia=bYs%_cHkR`B0Mon%ys5v@gV!VlkybJoIb))8e}PkK6#=7#_qAkT!^G7"
        "jP}a=VIs4r-Ra9PDOLW!&-"
        ">0qZhA){uzHx$Ymj~2)rl`c{)1mvsd@#^8glRn0gIN+cshF#Gz&fTuQ9UHZeOC+t9%V+A&#!`@nOtP7H!6tQ!usfbF"
        "@sjw}q8vrFtPXdudnZsJ9P%}%kpgmyfSAiL?Bh=J>Pgb~N~z@Y@&44oUEj!evbF48&7HHtcXj*jno?lz``!^?<Tj!k"
        "s0inl1nv!EU(D-Jdcq6djQzG27Ze*nxd9mF;^-@*aFvmL~YjZMBTu~~5hq**w~6}f|(u!|@`Pl-"
        "v`9x!6zCbHaM8xc(kd9`;F>7XLp?Od%b%aSDjN~*_4M{txqf#K&-"
        "Q1`qVRBfHt^g<pIDJVc%OF<cKXekv6X|1C`ArB);pu3?y5$Z4asQ8ni-sNM?pHiTh)-"
        "EfMd&BJ+e>%h@1uormp^(r%WT89bZ-@7J3$BSRT<>joB0$RJ+Un#`dkRjIKa+_c>i6`w%whIRX6W-"
        "+>XRDlyMRV|B`t}r9FIKjg8E%;fi(P4I*~?WKg`zv=}h_^CFx^flB5LkX(saR2d{@TB|(DIV3ry{>g*(H|JLINwR*G"
        "P2>YUJZwuLMt*z9T`T<`>e?@JvxKevqjm<w6`0D|@)`~)2iaxp{>_)k@9GedB1^!6b%|@*f$MfP@Tom>nGzY%v"
    )
)
"""Of OpenUSD 26.11: two Gaussians of degree 0, at times t of 1, 2, 3 at (t, 0, 0) and (0, t, 5)."""
KERNELS = zlib.decompress(
    base64.b85decode(
        "c-"
        "pO0&2JM&6#tFAX6=}KIEf)p0U;8Hpdb=O;t&p5%P|mv!Uo$SQbeo8o+Tr#y_?xF5*G++{{WES&It()C_>@@r&j"
        "$R5Zu~ZrMAdIe29eNKATx%;J}5a{k`w^c4lYZ+AHUdl#2^_B+((;z;_|0Wt<SxdWz6T7~i2CI|==S0m2|*h>#&"
        "f@e#r(Axqdr*i9JwR)f8ty`O0Q3%iFl=2?$U%%aDF`BnaWJ3gU}qk2Pbl(e;a{KzCw<BH4B=CWKD3g><4RS`&0"
        "%dZKqDtR4M?m7)m+2lhQ@QQE+msoLqS%bO~@Fl0l!97m|p)aZk8`AZ-"
        "g6&8pDjq)}xK|y(R>Jl}p@d)0DJ8|lhT=JUaRS%QO2O;OIfV32#fszc1tk5zsR(uDAk0?07_4zAC~(S=HNP$@;"
        "S|hQIL&39dncVn7z(FecmX`d?@l0!l{H>-"
        "LIlroEQJ3XrbC4HFhlxH{400}=~Str!so)D;V<w@lJg0qg1paNS5ywN>r^cLfW8M(>#T1R!^K++51?Gnchu^Ir"
        ">qIAHyq`zUO?cBx|;0+n?N%$OAaz|*^$DzC_LIi_b9Sj?vEVJo$WhPE@v~#EEZ!d_TK0--"
        "@W;VXwUX9QP!Q0C!DfY=xnDa5jQb|v}GcP!<L!COxmg@F*AvDvaKuP<G9`NJnHB_bo|eVCpY$W^uLH_HufiBr7"
        "f@&rpGo8n8;Jtu_26%4}lG06H}I+1nZDq%Hi(H$J#e2mrInhh2_x_!+*w>5r1pM<E^*pSN$&so0%6Qe`i|FAzc"
        "v3fvCf;vCbEvp=Ip#u5MqW?Ora8X4#HE*)}`y2eIL9w8NK?wOYw{9~k=(bxlVZH&`?=qurv;oiAlF8N)~<;zUM"
        "&6x(dG1m&Bp?PxMfXHOTFik}8(O3%twEsLddi%TazCEV9DrGG;>u~;~>&{O|V$De!_FO;GbFaA-"
        "^Y1__~PW6=Iu8#kx?V?@C_r?wV-#er2{{fzH(b5"
    )
)
"""Of OpenUSD 26.11: a ParticleField each of Gaussian ellipsoids and surflets, one at (1, 2, 3)."""
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


def dome_layer(
    more: str = "", kind: str = "DomeLight", texture: str = "@./maps/sky.png@", up: str = "Z"
) -> bytes:
    """Return a layer of three Gaussians and a dome light, /World/Sky."""
    light = f"""
    def {kind} "Sky"
    {{
        asset inputs:texture:file = {texture}
        {more}
    }}
"""
    text = text_layer(3, 0).replace('"World"\n', f'"World"\n    upAxis = "{up}"\n', 1)
    return (text[: text.rindex("}")] + light + "}\n").encode()
