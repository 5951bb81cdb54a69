package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPInputStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.segmeter.format.dicom.ImageFixture;
import tools.jackson.databind.JsonNode;

/** The image that was segmented, sent along to be seen behind the masks. */
@DisplayName("The image behind the masks")
class SourceImageTest {

    private static final int SIZE = 12;
    private static final short INT16 = 4;
    private static final short FLOAT32 = 16;
    private static final short UINT16 = 512;

    private static Api api;

    @BeforeAll
    static void start() throws IOException {
        api = Service.shared().api();
    }

    /** A value for each place of the body in mm, to the right, the front and the head. */
    private interface Body {
        double at(double right, double front, double head);
    }

    /**
     * A NIfTI-1 image.
     *
     * @param n voxels along its three axes
     * @param step of each axis in mm, negative if it runs to the left, the back or the feet
     * @param origin middle of the first voxel in mm
     */
    private static byte[] image(int[] n, double[] step, double[] origin, short type, boolean bigEndian, Body body) {
        int width = type == FLOAT32 ? 4 : 2;
        ByteBuffer file = ByteBuffer.allocate(352 + width * n[0] * n[1] * n[2])
                .order(bigEndian ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
        file.putInt(0, 348);
        short[] dim = {3, (short) n[0], (short) n[1], (short) n[2], 1, 1, 1, 1};
        for (int i = 0; i < 8; i++) {
            file.putShort(40 + 2 * i, dim[i]);
            file.putFloat(76 + 4 * i, i >= 1 && i <= 3 ? (float) Math.abs(step[i - 1]) : 1);
        }
        file.putShort(70, type).putShort(72, (short) (8 * width)).putFloat(108, 352);
        if (type == UINT16) {
            file.putFloat(112, 0.5f).putFloat(116, -1024);
        }
        file.put(123, (byte) 2).putShort(254, (short) 1);
        for (int axis = 0; axis < 3; axis++) {
            file.putFloat(280 + 20 * axis, (float) step[axis]);
            file.putFloat(292 + 16 * axis, (float) origin[axis]);
        }
        file.put(344, "n+1\0".getBytes(StandardCharsets.US_ASCII));
        int at = 352;
        for (int z = 0; z < n[2]; z++) {
            for (int y = 0; y < n[1]; y++) {
                for (int x = 0; x < n[0]; x++, at += width) {
                    double value = body.at(origin[0] + x * step[0], origin[1] + y * step[1], origin[2] + z * step[2]);
                    switch (type) {
                        case FLOAT32 -> file.putFloat(at, (float) value);
                        case UINT16 -> file.putShort(at, (short) Math.round((value + 1024) / 0.5));
                        default -> file.putShort(at, (short) Math.round(value));
                    }
                }
            }
        }
        return file.array();
    }

    /** An image of Hounsfield units on the grid of a label map. */
    static byte[] on(Path labels) throws IOException {
        byte[] plain;
        try (GZIPInputStream in = new GZIPInputStream(Files.newInputStream(labels))) {
            plain = in.readAllBytes();
        }
        ByteBuffer from = ByteBuffer.wrap(plain).order(ByteOrder.LITTLE_ENDIAN);
        int nx = from.getShort(42);
        int ny = from.getShort(44);
        int nz = from.getShort(46);
        ByteBuffer file = ByteBuffer.allocate(352 + 2 * nx * ny * nz).order(ByteOrder.LITTLE_ENDIAN);
        file.put(0, plain, 0, 352);
        file.putShort(70, INT16)
                .putShort(72, (short) 16)
                .putFloat(108, 352)
                .putFloat(112, 1)
                .putFloat(116, 0);
        int at = 352;
        for (int z = 0; z < nz; z++) {
            for (int y = 0; y < ny; y++) {
                for (int x = 0; x < nx; x++, at += 2) {
                    double r = Math.hypot(2.0 * x / nx - 1, 2.0 * y / ny - 1);
                    file.putShort(at, (short) (r > 0.95 ? -1000 : r > 0.9 ? 400 : 20 + (x * 7 + y * 5 + z * 3) % 40));
                }
            }
        }
        return file.array();
    }

    private static double gradient(double right, double front, double head) {
        return 40 * right + 10 * front + head - 100;
    }

    private static final int[] WHOLE = {SIZE, SIZE, SIZE};

    private static String submitted(byte[] image) {
        return api.post(
                        List.of(
                                Api.Part.bytes("prediction", TinyVolume.cube(1, 1, 1, 4)),
                                Api.Part.bytes("reference", TinyVolume.cube(2, 1, 1, 4)),
                                Api.Part.bytes("image", image)),
                        "Prefer",
                        "wait=30")
                .expect(200)
                .header("Location");
    }

    private static BufferedImage picture(String address) throws IOException {
        Api.Answer answer = api.get(address).expect(200);
        assertThat(answer.header("Content-Type")).isEqualTo("image/png");
        return ImageIO.read(new ByteArrayInputStream(answer.exchange().body()));
    }

    private static int grey(double value, double level, double width) {
        return (int) Math.rint(Math.clamp((value - (level - width / 2)) / width * 255, 0.0, 255.0));
    }

    @Test
    void liesUnderEveryVoxelWhateverItsGridAndType() throws IOException {
        double level = 150;
        double width = 300;
        List<byte[]> files = List.of(
                image(WHOLE, new double[] {1, 1, 1}, new double[] {0, 0, 0}, INT16, false, SourceImageTest::gradient),
                // The same body, stored from right to left and back to front.
                image(WHOLE, new double[] {-1, 1, 1}, new double[] {11, 0, 0}, INT16, true, SourceImageTest::gradient),
                image(
                        WHOLE,
                        new double[] {1, -1, -1},
                        new double[] {0, 11, 11},
                        UINT16,
                        false,
                        SourceImageTest::gradient),
                image(
                        new int[] {14, 13, 16},
                        new double[] {1, 1, 1},
                        new double[] {-1, -1, -2},
                        FLOAT32,
                        false,
                        SourceImageTest::gradient));
        for (byte[] file : files) {
            String location = submitted(file);
            String window = "&level=" + level + "&width=" + width;
            BufferedImage axial = picture(location + "/image.png?plane=axial&index=4" + window);
            BufferedImage sagittal = picture(location + "/image.png?plane=sagittal&index=3" + window);
            for (int row = 0; row < SIZE; row++) {
                for (int column = 0; column < SIZE; column++) {
                    // The patient's right is on the left, the front on top; of a sagittal picture the front is on the
                    // left.
                    assertThat(axial.getRGB(column, row) & 255)
                            .isCloseTo(grey(gradient(11 - column, 11 - row, 4), level, width), within(1));
                    assertThat(sagittal.getRGB(column, row) & 255)
                            .isCloseTo(grey(gradient(3, 11 - column, 11 - row), level, width), within(1));
                }
            }
        }
        // Of twice the spacing, on half of the body: each voxel is under the eight that it holds, and beyond there is
        // nothing.
        String coarse = submitted(image(
                new int[] {3, 6, 6},
                new double[] {2, 2, 2},
                new double[] {0.5, 0.5, 0.5},
                INT16,
                false,
                (right, front, head) -> 100 + right));
        BufferedImage half = picture(coarse + "/image.png?plane=axial&index=5&level=100&width=50");
        for (int column = 0; column < SIZE; column++) {
            int right = 11 - column;
            int expected = right > 5 ? 0 : grey(Math.round(100 + 2 * (right / 2) + 0.5), 100, 50);
            assertThat(half.getRGB(column, 2) & 255).as("column %d", column).isCloseTo(expected, within(1));
        }
    }

    /** The nearest pixel of an oblique series under each voxel of upright masks. */
    @Test
    void mayBeADicomSeriesInAnyDirection() throws Exception {
        double a = Math.toRadians(20);
        double b = Math.toRadians(-30);
        double[] row = {Math.cos(a), Math.sin(a), 0};
        double[] column = {-Math.sin(a) * Math.cos(b), Math.cos(a) * Math.cos(b), Math.sin(b)};
        double[] normal = {
            row[1] * column[2] - row[2] * column[1],
            row[2] * column[0] - row[0] * column[2],
            row[0] * column[1] - row[1] * column[0]
        };
        double[][] axes = {row, column, normal};
        double[] spacing = {0.7, 0.9, 1.3};
        int[] size = {36, 30, 20};
        double[] origin = new double[3];
        for (int i = 0; i < 3; i++) {
            // The middle of the series is the middle of the masks, LPS+ mm.
            origin[i] = (i < 2 ? -5.5 : 5.5) + 0.013 * i;
            for (int axis = 0; axis < 3; axis++) {
                origin[i] -= (size[axis] - 1) / 2.0 * spacing[axis] * axes[axis][i];
            }
        }
        ImageFixture series = new ImageFixture(
                        size, spacing, axes, origin, (left, back, head) -> gradient(-left, -back, head))
                .with(0x0028_1050, "150")
                .with(0x0028_1051, "300");
        String location = submitted(series.zip());
        JsonNode told = api.get(location + "/image").expect(200).json();
        assertThat(told.at("/window/level").doubleValue()).isEqualTo(150);
        assertThat(told.at("/window/width").doubleValue()).isEqualTo(300);
        assertThat(told.path("voxels").toString()).isEqualTo("[36,30,20]");
        for (int index : new int[] {0, 4, 11}) {
            BufferedImage axial = picture(location + "/image.png?plane=axial&index=" + index);
            BufferedImage coronal = picture(location + "/image.png?plane=coronal&index=" + index);
            for (int y = 0; y < SIZE; y++) {
                for (int x = 0; x < SIZE; x++) {
                    assertThat(axial.getRGB(x, y) & 255)
                            .as("axial %d, column %d, row %d", index, x, y)
                            .isCloseTo(
                                    grey(nearest(series, size, spacing, axes, 11 - x, 11 - y, index), 150, 300),
                                    within(1));
                    assertThat(coronal.getRGB(x, y) & 255)
                            .as("coronal %d, column %d, row %d", index, x, y)
                            .isCloseTo(
                                    grey(nearest(series, size, spacing, axes, 11 - x, index, 11 - y), 150, 300),
                                    within(1));
                }
            }
        }
        JsonNode several = api.get(submitted(series.files().getFirst()) + "/image")
                .expect(422)
                .json();
        assertThat(several.path("type").asString()).isEqualTo("/problems/invalid-geometry");
    }

    /** The value of the pixel whose middle is nearest in the directions of the series. */
    private static double nearest(
            ImageFixture series,
            int[] size,
            double[] spacing,
            double[][] axes,
            double right,
            double front,
            double head) {
        double[] corner = series.place(0, 0, 0);
        double[] off = {-right - corner[0], -front - corner[1], head - corner[2]};
        long[] pixel = new long[3];
        for (int axis = 0; axis < 3; axis++) {
            double along = off[0] * axes[axis][0] + off[1] * axes[axis][1] + off[2] * axes[axis][2];
            pixel[axis] = Math.round(along / spacing[axis]);
            assertThat(pixel[axis]).isBetween(0L, size[axis] - 1L);
        }
        double[] place = series.place(pixel[0], pixel[1], pixel[2]);
        return Math.round(gradient(-place[0], -place[1], place[2]));
    }

    @Test
    void isNotScoredAndTellsWhereToBeginToLook() throws Exception {
        byte[] ct = image(
                WHOLE,
                new double[] {1, 1, 1},
                new double[] {0, 0, 0},
                INT16,
                false,
                (right, front, head) -> right == 0 ? -1000 : right == 1 ? 1200 : 40);
        String with = submitted(ct);
        JsonNode told = api.get(with + "/image").expect(200).json();
        assertThat(told.path("least").doubleValue()).isEqualTo(-1000);
        assertThat(told.path("most").doubleValue()).isEqualTo(1200);
        assertThat(told.at("/window/level").doubleValue()).isEqualTo(40);
        assertThat(told.at("/window/width").doubleValue()).isEqualTo(400);
        assertThat(told.path("voxels").toString()).isEqualTo("[12,12,12]");
        JsonNode other = api.get(submitted(image(
                                WHOLE,
                                new double[] {1, 1, 1},
                                new double[] {0, 0, 0},
                                FLOAT32,
                                false,
                                (right, front, head) -> right < 6 ? Double.NaN : front))
                        + "/image")
                .expect(200)
                .json();
        assertThat(other.path("least").doubleValue()).isZero();
        assertThat(other.path("most").doubleValue()).isCloseTo(11, within(1e-9));
        assertThat(other.at("/window/level").doubleValue()).isCloseTo(6, within(1e-3));
        assertThat(other.at("/window/width").doubleValue()).isCloseTo(10, within(1e-3));

        JsonNode evaluation = api.get(with).expect(200).json();
        assertThat(evaluation.at("/inputs/image")).hasSize(1);
        JsonNode without = api.post(
                        List.of(
                                Api.Part.bytes("prediction", TinyVolume.cube(1, 1, 1, 4)),
                                Api.Part.bytes("reference", TinyVolume.cube(2, 1, 1, 4))),
                        "Prefer",
                        "wait=30")
                .expect(200)
                .json();
        assertThat(evaluation.at("/scorecard/segments")).isEqualTo(without.path("segments"));
        assertThat(evaluation.path("scorecard").has("image")).isFalse();
        String again = api.postJson(with + "/rescore", "").expect(202).header("Location");
        assertThat(api.finished(again).at("/inputs/image/0/sha256")).isEqualTo(evaluation.at("/inputs/image/0/sha256"));
        String bare = "/api/v1/evaluations/" + without.path("id").asString();
        assertThat(api.get(bare + "/image").expect(404).problem()).isEqualTo("image-not-found");

        BufferedImage seeThrough = picture(with + "/overlay.png?plane=axial&index=2&scale=voxel&background=none");
        assertThat(seeThrough.getRGB(0, 0) >>> 24)
                .as("alpha where neither side is")
                .isZero();
        assertThat(seeThrough.getRGB(11 - 3, 11 - 3))
                .as("both sides")
                .isEqualTo(0xff000000 | SliceController.OVERLAY[1]);
    }

    @Test
    void isRefusedWhereItIsAskedForAndTheScorecardStays() {
        String text = submitted("no image".getBytes(StandardCharsets.UTF_8));
        assertThat(api.get(text).expect(200).json().path("state").asString()).isEqualTo("SUCCEEDED");
        assertThat(api.get(text + "/image").expect(422).problem()).isEqualTo("unrecognised-format");
        byte[] whole =
                image(WHOLE, new double[] {1, 1, 1}, new double[] {0, 0, 0}, INT16, false, SourceImageTest::gradient);
        assertThat(api.get(submitted(java.util.Arrays.copyOf(whole, 1000)) + "/image.png?index=0")
                        .expect(422)
                        .problem())
                .isEqualTo("truncated");
        String good = submitted(whole);
        for (String query : List.of("", "?index=12", "?index=0&width=0", "?index=0&level=x", "?index=0&colour=red")) {
            assertThat(api.wrong("GET", good + "/image.png" + query).expect(400).problem())
                    .as(query)
                    .isEqualTo("invalid-parameter");
        }
    }
}
