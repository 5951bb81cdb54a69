package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

@DisplayName("Slices of an evaluation and their pictures")
class SliceApiTest {

    private static Service service;
    private static Api api;
    private static String organs;
    private static JsonNode scorecard;

    @BeforeAll
    static void score() throws IOException {
        service = Service.shared();
        api = service.api();
        Path examples = Path.of("examples/organs");
        Api.Answer answer = api.post(
                        List.of(
                                Api.Part.file("prediction", examples.resolve("prediction.dcm")),
                                Api.Part.file("reference", examples.resolve("reference.nii.gz"))),
                        "Prefer",
                        "wait=60")
                .expect(200);
        organs = answer.header("Location");
        scorecard = answer.json();
    }

    private static BufferedImage picture(String address) throws IOException {
        Api.Answer answer = api.get(address).expect(200);
        assertThat(answer.header("Content-Type")).isEqualTo("image/png");
        return ImageIO.read(new ByteArrayInputStream(answer.exchange().body()));
    }

    private static long[] colours(BufferedImage image) {
        long[] n = new long[SliceController.OVERLAY.length];
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                int colour = image.getRGB(x, y) & 0xffffff;
                for (int i = 0; i < n.length; i++) {
                    n[i] += colour == SliceController.OVERLAY[i] ? 1 : 0;
                }
            }
        }
        return n;
    }

    @Test
    void ofEveryPlaneAddUpToTheScorecard() {
        for (String plane : List.of("axial", "coronal", "sagittal")) {
            for (int entry = 0; entry < scorecard.get("segments").size(); entry++) {
                JsonNode metrics = scorecard.get("segments").get(entry).get("metrics");
                JsonNode slices = api.get(organs + "/slices?plane=" + plane + "&entry=" + entry)
                        .expect(200)
                        .json();
                for (String count : List.of("tp", "fp", "fn")) {
                    long sum = 0;
                    for (JsonNode slice : slices.get("slices")) {
                        sum += slice.get(count).asLong();
                    }
                    assertThat(sum)
                            .as("%s of %d, %s", count, entry, plane)
                            .isPositive()
                            .isEqualTo(metrics.get(count).get("value").asLong());
                }
            }
        }
    }

    @Test
    void areDrawnWithEveryVoxelInItsColour() throws IOException {
        JsonNode slices =
                api.get(organs + "/slices?plane=sa&segment=Kidney").expect(200).json();
        int worst = slices.get("worst").asInt();
        JsonNode slice = null;
        for (JsonNode one : slices.get("slices")) {
            slice = one.get("index").asInt() == worst ? one : slice;
            assertThat(one.get("dice").asDouble())
                    .isGreaterThanOrEqualTo(
                            slice == null ? 0 : slice.get("dice").asDouble());
        }
        BufferedImage image = picture(organs + "/overlay.png?plane=sa&segment=Kidney&index=auto&scale=voxel");
        assertThat(image.getWidth()).isEqualTo(slices.get("columns").asInt()).isEqualTo(37);
        assertThat(image.getHeight()).isEqualTo(slices.get("rows").asInt()).isEqualTo(15);
        assertThat(colours(image))
                .containsExactly(
                        37 * 15
                                - slice.get("tp").asLong()
                                - slice.get("fp").asLong()
                                - slice.get("fn").asLong(),
                        slice.get("tp").asLong(),
                        slice.get("fp").asLong(),
                        slice.get("fn").asLong());
        assertThat(slice.get("predictionMm2").asDouble())
                .isCloseTo((slice.get("tp").asLong() + slice.get("fp").asLong()) * 0.9 * 2.5, within(1e-4));
    }

    @Test
    void haveTheProportionsOfTheBody() throws IOException {
        BufferedImage image = picture(organs + "/overlay.png?plane=coronal&scale=2");
        assertThat(new int[] {image.getWidth(), image.getHeight()})
                .containsExactly(90, (int) Math.round(15 * 2.5 / 0.45));
    }

    /** A label map of 4 x 3 x 2 voxels of 1 x 1 x 4 mm whose first voxel lies where the signs of its axes say; RAS+ as NIfTI has it. */
    private static byte[] nifti(int signX, int signY, int signZ, int... voxels) {
        ByteBuffer file = ByteBuffer.allocate(352 + 24).order(ByteOrder.LITTLE_ENDIAN);
        file.putInt(0, 348);
        short[] dim = {3, 4, 3, 2, 1, 1, 1, 1};
        float[] pixdim = {1, 1, 1, 4, 1, 1, 1, 1};
        for (int i = 0; i < 8; i++) {
            file.putShort(40 + 2 * i, dim[i]);
            file.putFloat(76 + 4 * i, pixdim[i]);
        }
        file.putShort(70, (short) 2).putShort(72, (short) 8).putFloat(108, 352);
        file.put(123, (byte) 2).putShort(254, (short) 1);
        int[] signs = {signX, signY, signZ};
        for (int axis = 0; axis < 3; axis++) {
            file.putFloat(280 + 16 * axis + 4 * axis, signs[axis] * pixdim[axis + 1]);
            file.putFloat(280 + 16 * axis + 12, signs[axis] > 0 ? 0 : (dim[axis + 1] - 1) * pixdim[axis + 1]);
        }
        file.put(344, "n+1\0".getBytes(StandardCharsets.US_ASCII));
        for (int at : voxels) {
            int x = at % 4;
            int y = at / 4 % 3;
            int z = at / 12;
            int stored = (signX > 0 ? x : 3 - x) + 4 * ((signY > 0 ? y : 2 - y) + 3 * (signZ > 0 ? z : 1 - z));
            file.put(352 + stored, (byte) 1);
        }
        return file.array();
    }

    @Test
    void areTheSameWhicheverWayTheFileCountsItsVoxels() throws IOException {
        // Towards right-to-left, back-to-front, feet-to-head: the prediction has the corner at the patient's right,
        // back and feet,
        // the reference the one beside it to the left.
        List<int[]> pictures = new ArrayList<>();
        for (int flips = 0; flips < 8; flips++) {
            int sx = (flips & 1) == 0 ? 1 : -1;
            int sy = (flips & 2) == 0 ? 1 : -1;
            int sz = (flips & 4) == 0 ? 1 : -1;
            // In RAS+ x = 3 lies at the patient's right, y = 0 at the back.
            String address = api.post(
                            List.of(
                                    Api.Part.bytes("prediction", nifti(sx, sy, sz, 3)),
                                    Api.Part.bytes("reference", nifti(1, 1, 1, 2))),
                            "Prefer",
                            "wait=60")
                    .expect(200)
                    .header("Location");
            BufferedImage axial = picture(address + "/overlay.png?plane=axial&scale=voxel");
            pictures.add(axial.getRGB(0, 0, 4, 3, null, 0, 4));
            BufferedImage coronal = picture(address + "/overlay.png?plane=coronal&scale=1");
            assertThat(new int[] {coronal.getWidth(), coronal.getHeight()}).containsExactly(4, 8);
            // Feet at the bottom, the patient's right on the left.
            assertThat(coronal.getRGB(0, 7) & 0xffffff).isEqualTo(SliceController.OVERLAY[2]);
            assertThat(coronal.getRGB(1, 7) & 0xffffff).isEqualTo(SliceController.OVERLAY[3]);
            BufferedImage sagittal = picture(address + "/overlay.png?plane=sagittal&scale=voxel");
            // The back on the right.
            assertThat(sagittal.getRGB(2, 1) & 0xffffff).isNotEqualTo(SliceController.OVERLAY[0]);
        }
        int[] expected = new int[12];
        Arrays.fill(expected, 0xff000000 | SliceController.OVERLAY[0]);
        expected[8] = 0xff000000 | SliceController.OVERLAY[2];
        expected[9] = 0xff000000 | SliceController.OVERLAY[3];
        assertThat(pictures)
                .hasSize(8)
                .allSatisfy(picture -> assertThat(picture).containsExactly(expected));
    }

    @Test
    void leaveOutWhatAMaskLeavesOut() {
        // Of two voxels of the prediction the mask has one.
        Api.Answer scored = api.post(
                        List.of(
                                Api.Part.bytes("prediction", nifti(1, 1, 1, 3, 15)),
                                Api.Part.bytes("reference", nifti(1, 1, 1, 3)),
                                Api.Part.bytes("mask", nifti(1, 1, 1, 0, 1, 2, 3))),
                        "Prefer",
                        "wait=60")
                .expect(200);
        JsonNode slices = api.get(scored.header("Location") + "/slices")
                .expect(200)
                .json()
                .get("slices");
        assertThat(slices.size()).isEqualTo(1);
        assertThat(slices.get(0).get("fp").asInt()).isZero();
        assertThat(scored.json().at("/overall/metrics/fp/value").asInt()).isZero();
    }

    @Test
    void coloursOfDistancesGoFromBlueToYellow() throws IOException {
        BufferedImage image = picture(organs + "/overlay.png?layer=distance&index=7&scaleMm=4&scale=voxel");
        List<Integer> colours = new ArrayList<>();
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                colours.add(image.getRGB(x, y) & 0xffffff);
            }
        }
        assertThat(colours.contains(0x443983)).isTrue();
        assertThat(colours.stream().distinct().count()).isGreaterThan(3);
    }

    @Test
    void areNotSentAgainToWhoHasThem() {
        Api.Answer first = api.get(organs + "/overlay.png?index=7").expect(200);
        assertThat(first.header("Cache-Control")).isEqualTo("private, no-cache");
        assertThat(api.get(organs + "/overlay.png?index=7", "If-None-Match", first.header("ETag"))
                        .status())
                .isEqualTo(304);
        assertThat(api.get(organs + "/overlay.png?index=8", "If-None-Match", first.header("ETag"))
                        .status())
                .isEqualTo(200);
    }

    @Test
    void refuseWhatDoesNotExistInWords() {
        assertThat(api.get(organs + "/overlay.png?index=15")
                        .expect(400)
                        .json()
                        .get("detail")
                        .asString())
                .contains("0 to 14");
        assertThat(api.get(organs + "/slices?segment=Heart").expect(400).problem())
                .isEqualTo("invalid-parameter");
        assertThat(api.get(organs + "/slices?entry=3").expect(400).problem()).isEqualTo("invalid-parameter");
        assertThat(api.wrong("GET", organs + "/slices?plane=a").status()).isEqualTo(400);
        assertThat(api.wrong("GET", organs + "/overlay.png?scale=99").status()).isEqualTo(400);
        assertThat(api.wrong("GET", organs + "/overlay.png?color=red").status()).isEqualTo(400);
    }

    @Test
    void areGoneWithTheInputs() throws IOException {
        Api.Answer scored = api.post(Api.pair(""), "Prefer", "wait=60").expect(200);
        String address = scored.header("Location");
        api.get(address + "/slices").expect(200);
        String id = address.substring(address.lastIndexOf('/') + 1);
        service.bean(JdbcClient.class)
                .sql("update evaluation set inputs_removed_at = now() where id = cast(:id as uuid)")
                .param("id", id)
                .update();
        assertThat(api.get(address + "/slices").expect(410).problem()).isEqualTo("inputs-removed");
        assertThat(api.get(address + "/overlay.png?plane=cor").expect(410).problem())
                .isEqualTo("inputs-removed");
    }
}
