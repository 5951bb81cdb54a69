package org.segmeter.format.dicom.jpeg2000;

/**
 * A subband of one resolution of a tile.
 *
 * @param area in the coordinates of the subband (T.800 B.5)
 * @param highX 1 if horizontally high-pass, else 0; {@code highY} likewise
 * @param originX where its first column of coefficients lies in the array of the tile; {@code originY} likewise
 * @param planes magnitude bits that a coefficient has (equation E-2, and H-1 for a region of interest)
 * @param mostPlanes of them that a code-block may use; fewer where more cannot come from samples of the given precision, because
 *     each costs time in proportion to the coefficients, but hardly any bytes
 * @param step of the quantiser, irreversible only
 */
record Subband(Area area, int highX, int highY, int originX, int originY, int planes, int mostPlanes, float step) {}
