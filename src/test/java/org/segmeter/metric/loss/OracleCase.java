package org.segmeter.metric.loss;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.ProbabilityVolume;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A small pair of volumes with the answers that other tools gave for it. */
record OracleCase(String name, String kind, Array prediction, Array reference, JsonNode answers) {

    /** Voxel values, x fastest, then y, z and channel. */
    record Array(int nx, int ny, int nz, int channels, double[] spacing, float[] values) {
        Box box() {
            return new Box(0, 0, 0, nx, ny, nz);
        }

        float[] channel(int c) {
            int n = nx * ny * nz;
            return java.util.Arrays.copyOfRange(values, c * n, (c + 1) * n);
        }

        ProbabilityVolume probability(int c) {
            return new ProbabilityVolume(box(), channel(c));
        }

        BitMask label(int label) {
            BitMask mask = new BitMask(box());
            for (int i = 0; i < nx * ny * nz; i++) {
                if (values[i] == label) {
                    mask.set(i % nx, i / nx % ny, i / nx / ny);
                }
            }
            return mask;
        }
    }

    static List<OracleCase> in(Path directory) {
        try (var entries = Files.list(directory)) {
            List<OracleCase> cases = new ArrayList<>();
            for (Path path : entries.filter(p -> Files.exists(p.resolve("oracle.json")))
                    .sorted(Comparator.comparing(Path::getFileName))
                    .toList()) {
                JsonNode json = new JsonMapper().readTree(Files.readString(path.resolve("oracle.json")));
                cases.add(new OracleCase(
                        json.get("case").asString(),
                        json.get("kind").asString(),
                        nifti(path.resolve(json.get("prediction").asString())),
                        nifti(path.resolve(json.get("reference").asString())),
                        json));
            }
            return cases;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Just enough NIfTI-1 for these files, so that this test stands on its own. */
    private static Array nifti(Path path) throws IOException {
        byte[] bytes;
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(Files.readAllBytes(path)))) {
            bytes = in.readAllBytes();
        }
        ByteBuffer b = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (b.getInt(0) != 348) {
            b.order(ByteOrder.BIG_ENDIAN);
        }
        int dims = b.getShort(40);
        int nx = b.getShort(42);
        int ny = b.getShort(44);
        int nz = dims > 2 ? b.getShort(46) : 1;
        int channels = 1;
        for (int d = 4; d <= dims; d++) {
            channels *= b.getShort(40 + 2 * d);
        }
        int type = b.getShort(70);
        int at = (int) b.getFloat(108);
        float slope = b.getFloat(112);
        float intercept = b.getFloat(116);
        if (slope == 0 || Float.isNaN(slope)) {
            slope = 1;
            intercept = 0;
        }
        float[] values = new float[nx * ny * nz * channels];
        for (int i = 0; i < values.length; i++) {
            double raw = switch (type) {
                case 2 -> b.get(at + i) & 0xff;
                case 4 -> b.getShort(at + 2 * i);
                case 8 -> b.getInt(at + 4 * i);
                case 16 -> b.getFloat(at + 4 * i);
                case 64 -> b.getDouble(at + 8 * i);
                case 512 -> b.getShort(at + 2 * i) & 0xffff;
                default -> throw new IOException("datatype " + type);
            };
            values[i] = (float) (raw * slope + intercept);
        }
        double[] spacing = {b.getFloat(80), b.getFloat(84), b.getFloat(88)};
        return new Array(nx, ny, nz, channels, spacing, values);
    }
}
