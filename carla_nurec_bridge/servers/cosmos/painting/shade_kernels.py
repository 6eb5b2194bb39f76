"""The loops behind relighting: surfaces pixel by pixel, what lies between by whole rows.

All light is linear and float32. Loops of the second kind have no branches, so that they run in the
vector units.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from ....rendering.engines.jit import kernel

SKY = 11
TILE = 512
GLOW_STEP = 4
R, G, B, FAR = 0, 1, 2, 3


@kernel
def name_colours(seg, nearest, tags):
    """Write the tag of every colour of ``seg`` (H, W, 3), by its 5 leading bits, into ``tags``."""
    for y in range(tags.shape[0]):
        for x in range(tags.shape[1]):
            red, green, blue = seg[y, x, R] >> 3, seg[y, x, G] >> 3, seg[y, x, B] >> 3
            tags[y, x] = nearest[(np.int32(red) << 10) | (np.int32(green) << 5) | np.int32(blue)]


@kernel
def smooth_depth(stepped, tags, metres):
    """Keep ``metres``, a blurred ``stepped``, from letting what is behind shine over an edge.

    The sky is infinitely far.
    """
    for y in range(tags.shape[0]):
        for x in range(tags.shape[1]):
            near = min(metres[y, x], np.float32(1.1) * stepped[y, x])
            metres[y, x] = np.float32(np.inf) if tags[y, x] == SKY else near


@kernel
def contact_rows(tags, ground, rows):
    """Find where things stand: ``rows`` (H, W) int32 gets the lowest row above that is no ground.

    ``tags`` (H, W) uint8, ``ground`` float32 (256,): above zero where a tag is ground.
    """
    height, width = tags.shape
    for x in range(width):
        rows[0, x] = 0
    for y in range(1, height):
        for x in range(width):
            lies = ground[tags[y - 1, x]] > 0.0
            rows[y, x] = rows[y - 1, x] if lies else y - 1


@kernel
def lamp_glow(rgb, tags, lamps, glow):
    """Collect lit lamps: ``glow`` (H // 4, W // 4, 3) gets the linear light of each cell."""
    rows, columns = glow.shape[0], glow.shape[1]
    for i in range(rows):
        for j in range(columns):
            red = green = blue = np.float32(0.0)
            for y in range(i * GLOW_STEP, (i + 1) * GLOW_STEP):
                for x in range(j * GLOW_STEP, (j + 1) * GLOW_STEP):
                    if lamps[tags[y, x]] > 0.0:
                        r, g, b = rgb[y, x, 0], rgb[y, x, 1], rgb[y, x, 2]
                        top, low = max(r, g, b), min(r, g, b)
                        if top > 180 and (top - low > 145 or low > 235):
                            red += np.float32(r) / np.float32(255.0)
                            green += np.float32(g) / np.float32(255.0)
                            blue += np.float32(b) / np.float32(255.0)
            share = np.float32(1.0 / (GLOW_STEP * GLOW_STEP))
            glow[i, j, R] = red * share
            glow[i, j, G] = green * share
            glow[i, j, B] = blue * share


@kernel
def shade_rows(first, last, image, tables, light, moving, scratch, out):
    """Shade the rows from ``first`` up to ``last`` of one image into ``out`` (H, W, 3) uint8.

    ``image``: rgb (H, W, 3) uint8, tags (H, W) uint8, depth (H, W) float32 metres (inf: sky),
    contact (H, W) of contact_rows, glow (H // 4, W // 4, 3) linear light around lamps.
    ``tables`` are those of Tables, ``light`` is a Light. ``moving``: tiles (L, T, T) opacity of
    what falls, shifts (L, 2) int32 how far it has moved (rows, columns). ``scratch`` (4, W).
    """
    for y in range(first, last):
        _surfaces(y, image, tables, light, scratch)
        _air(light, scratch)
        if light.headlight > 0.0:
            _glow(y, image[4], scratch)
        for layer in range(moving[0].shape[0]):
            _fall(y, layer, image[2], moving, light, scratch)
        _store(y, scratch, out)


@kernel
def _surfaces(y, image, tables, light, row):
    """Put the light that leaves each pixel's surface into ``row``, and the way through the air."""
    rgb, tags, depth, contact, glow = image
    linear, by_tag, sky, far_sky, clouds, slips, beam, side = tables
    width = tags.shape[1]
    one, zero = np.float32(1.0), np.float32(0.0)
    for x in range(width):
        tag = tags[y, x]
        if tag == SKY:
            row[R, x], row[G, x], row[B, x] = far_sky[y, x, R], far_sky[y, x, G], far_sky[y, x, B]
            row[FAR, x] = zero
            continue
        far = depth[y, x]
        sr, sg, sb = linear[rgb[y, x, R]], linear[rgb[y, x, G]], linear[rgb[y, x, B]]
        luma = np.float32(0.3) * sr + np.float32(0.6) * sg + np.float32(0.1) * sb
        r = sr + (luma - sr) * light.fade
        g = sg + (luma - sg) * light.fade
        b = sb + (luma - sb) * light.fade
        lies = by_tag[0, tag] * light.snow
        if lies > zero:
            # The picture's own texture decides where it lies, so it moves with the world.
            ragged = np.float32(0.55) + np.float32(1.1) * np.sqrt(luma)
            cover = min(np.float32(0.93), lies * ragged * np.float32(1.25))
            white = np.float32(0.50) + np.float32(0.55) * luma
            r += (white * np.float32(0.97) - r) * cover
            g += (white * np.float32(0.99) - g) * cover
            b += (white * np.float32(1.04) - b) * cover
        soak = by_tag[1, tag] * light.wet
        dark = one - np.float32(0.42) * soak
        r, g, b = r * dark * light.red, g * dark * light.green, b * dark * light.blue
        if light.low_sun > zero:
            r *= one + np.float32(0.5) * light.low_sun * side[x]
            g *= one + np.float32(0.18) * light.low_sun * side[x]
        if light.headlight > zero:
            lit = light.headlight * beam[y, x] * min(one, np.float32(14.0) / max(far, one))
            r += sr * lit * np.float32(0.95)
            g += sg * lit * np.float32(0.88)
            b += sb * lit * np.float32(0.72)
            if by_tag[2, tag] > zero:
                # A lit lamp: bright, and of a strong colour or white.
                hr, hg, hb = rgb[y, x, R], rgb[y, x, G], rgb[y, x, B]
                top, low = max(hr, hg, hb), min(hr, hg, hb)
                if top > 178 and (top - low > 145 or low > 234):
                    r, g, b = sr, sg, sb
        if soak > zero:
            base = contact[y, x]
            mirror = max(0, base - (y - base))
            # Ruts of water along the road scatter the mirrored picture sideways.
            source = min(width - 1, max(0, x + slips[y, x]))
            graze = max(zero, one - np.float32(1.6) / max(far, np.float32(1.6)))
            shine = soak * (np.float32(0.06) + np.float32(0.50) * graze * graze)
            shine = min(
                np.float32(0.85), shine * (np.float32(0.55) + np.float32(0.9) * clouds[y, x])
            )
            if tags[mirror, source] == SKY:
                mr, mg, mb = sky[mirror, source, R], sky[mirror, source, G], sky[mirror, source, B]
            else:
                mr = linear[rgb[mirror, source, R]] * light.red
                mg = linear[rgb[mirror, source, G]] * light.green
                mb = linear[rgb[mirror, source, B]] * light.blue
            i, j = mirror // GLOW_STEP, source // GLOW_STEP
            r += (mr + glow[i, j, R] * np.float32(1.5) - r) * shine
            g += (mg + glow[i, j, G] * np.float32(1.5) - g) * shine
            b += (mb + glow[i, j, B] * np.float32(1.5) - b) * shine
        row[R, x], row[G, x], row[B, x], row[FAR, x] = r, g, b, far


@kernel
def _air(light, row):
    """Mix in the air between: exp(-density far) as (1 - density far / 256) ** 256."""
    scale = light.density * np.float32(1.0 / 256.0)
    for x in range(row.shape[1]):
        through = max(np.float32(0.0), np.float32(1.0) - row[FAR, x] * scale)
        through *= through
        through *= through
        through *= through
        through *= through
        through *= through
        through *= through
        through *= through
        through *= through
        row[R, x] = light.air_red + (row[R, x] - light.air_red) * through
        row[G, x] = light.air_green + (row[G, x] - light.air_green) * through
        row[B, x] = light.air_blue + (row[B, x] - light.air_blue) * through


@kernel
def _glow(y, glow, row):
    i, columns = y // GLOW_STEP, row.shape[1] // GLOW_STEP
    for j in range(columns):
        red, green, blue = glow[i, j, R], glow[i, j, G], glow[i, j, B]
        for x in range(GLOW_STEP * j, GLOW_STEP * j + GLOW_STEP):
            row[R, x] += red
            row[G, x] += green
            row[B, x] += blue


@kernel
def _fall(y, layer, depth, moving, light, row):
    """Lay one layer of what falls over the row, where nothing is nearer than the layer."""
    tiles, shifts = moving
    width = row.shape[1]
    nearest = np.float32(2.0) * (layer + 1)
    tile_row = (y - shifts[layer, 0]) & (TILE - 1)
    bluish = light.fall * np.float32(1.04)
    begin, column = 0, -shifts[layer, 1] & (TILE - 1)
    while begin < width:
        end = min(width, begin + TILE - column)
        for x in range(begin, end):
            opacity = tiles[layer, tile_row, column + x - begin]
            cover = opacity if depth[y, x] >= nearest else np.float32(0.0)
            row[R, x] += (light.fall - row[R, x]) * cover
            row[G, x] += (light.fall - row[G, x]) * cover
            row[B, x] += (bluish - row[B, x]) * cover
        begin, column = end, 0


@kernel
def _store(y, row, out):
    zero, one, most = np.float32(0.0), np.float32(1.0), np.float32(255.0)
    for x in range(row.shape[1]):
        out[y, x, R] = np.uint8(most * np.sqrt(min(one, max(zero, row[R, x]))))
        out[y, x, G] = np.uint8(most * np.sqrt(min(one, max(zero, row[G, x]))))
        out[y, x, B] = np.uint8(most * np.sqrt(min(one, max(zero, row[B, x]))))
