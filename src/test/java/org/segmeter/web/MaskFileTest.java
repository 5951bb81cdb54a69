package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.cli.CommandLineTool;
import tools.jackson.databind.JsonNode;

/** A mask file says which voxels are scored: over HTTP as on the command line. */
class MaskFileTest {

    private static final byte[] PREDICTION = row(0, 1, 1, 1, 0, 0, 1, 1, 1);
    private static final byte[] REFERENCE = row(0, 1, 1, 0, 1, 0, 0, 0, 0);

    /** Of the first five voxels; in all of them one voxel is missed, one too many, two are found. */
    private static final byte[] MASK = row(0, 1, 1, 2, 2, 1, 0, 0, 0);

    private static Api api;

    @BeforeAll
    static void start() throws IOException {
        api = Service.shared().api();
    }

    /** A NIfTI-1 file with a row of eight voxels of 1 mm, of unsigned bytes. */
    private static byte[] row(float originMm, int... values) {
        ByteBuffer file = ByteBuffer.allocate(352 + 8).order(ByteOrder.LITTLE_ENDIAN);
        file.putInt(0, 348);
        short[] dim = {3, 8, 1, 1, 1, 1, 1, 1};
        for (int i = 0; i < 8; i++) {
            file.putShort(40 + 2 * i, dim[i]);
            file.putFloat(76 + 4 * i, 1);
        }
        file.putShort(70, (short) 2).putShort(72, (short) 8).putFloat(108, 352);
        file.put(123, (byte) 2).putShort(254, (short) 1);
        for (int axis = 0; axis < 3; axis++) {
            file.putFloat(280 + 20 * axis, 1);
        }
        file.putFloat(292, originMm);
        file.put(344, "n+1\0".getBytes(StandardCharsets.US_ASCII));
        for (int i = 0; i < values.length; i++) {
            file.put(352 + i, (byte) values[i]);
        }
        return file.array();
    }

    private static String sha256(byte[] content) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    }

    private static List<Api.Part> pair(byte[] mask) {
        return List.of(
                Api.Part.bytes("prediction", PREDICTION),
                Api.Part.bytes("reference", REFERENCE),
                Api.Part.bytes("mask", mask));
    }

    private static double dice(JsonNode scorecard) {
        return scorecard.at("/segments/0/metrics/dice/value").asDouble(Double.NaN);
    }

    @Test
    void onlyItsVoxelsAreScoredAndItIsNamedWhereverTheInputsAre() throws Exception {
        String location = api.post(pair(MASK), "Prefer", "wait=30").expect(200).header("Location");
        JsonNode card = api.get(location + "/scorecard").expect(200).json();
        assertThat(dice(card)).isEqualTo(2 * 2 / (3.0 + 3.0), within(1e-15));
        assertThat(card.at("/segments/0/scored/voxels").asInt()).isEqualTo(5);
        assertThat(card.at("/mask/sha256").asString()).isEqualTo(sha256(MASK));
        assertThat(card.at("/mask/format").asString()).isEqualTo("nifti-1");
        assertThat(card.at("/mask/segments").asInt()).isEqualTo(2);
        assertThat(api.get(location)
                        .expect(200)
                        .json()
                        .at("/inputs/mask/0/sha256")
                        .asString())
                .isEqualTo(sha256(MASK));
        assertThat(api.get(location + "/verify").expect(200).text()).contains("mask/1");

        JsonNode losses = api.get(location + "/loss").expect(200).json();
        assertThat(losses.path("voxels").asInt()).as("the losses too").isEqualTo(5);
        assertThat(losses.at("/mask/sha256").toString()).contains(sha256(MASK));

        String again = api.postJson(location + "/rescore", "").expect(202).header("Location");
        assertThat(api.finished(again).path("state").asString()).isEqualTo("SUCCEEDED");
        assertThat(dice(api.get(again + "/scorecard").json())).isEqualTo(dice(card));
    }

    @Test
    void withoutItEverythingIsScored() throws Exception {
        String location = api.post(pair(MASK).subList(0, 2), "Prefer", "wait=30")
                .expect(200)
                .header("Location");
        JsonNode card = api.get(location + "/scorecard").expect(200).json();
        assertThat(dice(card)).isEqualTo(2 * 2 / (6.0 + 3.0), within(1e-15));
        assertThat(card.has("mask")).isFalse();
        assertThat(api.get(location).json().at("/inputs").has("mask")).isFalse();
    }

    @Test
    void onAnotherGridOrUnreadableItIsRefusedAndNamed() {
        for (byte[] mask : List.of(row(0.4f, 1, 1, 1), row(3, 1, 1, 1))) {
            Api.Answer refused = api.post(pair(mask), "Prefer", "wait=30").expect(422);
            assertThat(refused.problem()).isEqualTo("geometry-mismatch");
            assertThat(refused.json().path("side").asString()).isEqualTo("mask");
        }
        Api.Answer unreadable = api.post(pair("no image".getBytes(StandardCharsets.UTF_8)), "Prefer", "wait=30")
                .expect(422);
        assertThat(unreadable.problem()).isEqualTo("unrecognised-format");
        assertThat(unreadable.json().path("side").asString()).isEqualTo("mask");
    }

    @Test
    void anotherMaskIsAnotherSubmission() throws Exception {
        String key = '"' + UUID.randomUUID().toString() + '"';
        api.post(pair(MASK), "Prefer", "wait=30", "Idempotency-Key", key).expect(200);
        assertThat(api.post(pair(row(0, 1, 1, 0)), "Prefer", "wait=30", "Idempotency-Key", key)
                        .expect(422)
                        .problem())
                .startsWith("idempotency-key");
        String first = api.post(pair(MASK), "Prefer", "wait=30").expect(200).header("Location");
        String second = api.post(pair(row(0, 1, 1, 1, 0)), "Prefer", "wait=30")
                .expect(200)
                .header("Location");
        assertThat(second).isNotEqualTo(first);
    }

    @Test
    void theCommandLineSaysTheSame(@TempDir Path folder) throws Exception {
        Files.write(folder.resolve("p.nii"), PREDICTION);
        Files.write(folder.resolve("r.nii"), REFERENCE);
        Files.write(folder.resolve("m.nii"), MASK);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int status = CommandLineTool.run(
                new String[] {
                    "score",
                    folder.resolve("p.nii").toString(),
                    folder.resolve("r.nii").toString(),
                    "--mask",
                    folder.resolve("m.nii").toString(),
                    "--json"
                },
                new PrintStream(out, true, StandardCharsets.UTF_8),
                System.err);
        assertThat(status).isZero();
        JsonNode card = Api.JSON.readTree(out.toString(StandardCharsets.UTF_8));
        String location = api.post(pair(MASK), "Prefer", "wait=30").expect(200).header("Location");
        JsonNode served = api.get(location + "/scorecard").json();
        for (String member : List.of("prediction", "reference", "mask", "geometry", "segments", "overall")) {
            assertThat(card.path(member)).as(member).isEqualTo(served.path(member));
        }
    }
}
