package org.segmeter.metric;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.segmeter.metric.distance.Spacing;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A pair of masks with what other tools answered, in the layout of src/test/resources/oracles (see the MANIFEST there). */
public record OracleCase(
        String name, String kind, Spacing spacing, List<Integer> labels, JsonNode results, Path folder) {

    private static final Path SMALL = Path.of("src/test/resources/oracles");
    private static final Path ALL = Path.of("../shared/oracles");

    /** The cases kept in this repository. */
    public static List<OracleCase> kept() {
        return in(SMALL);
    }

    /** All cases, where the folder that holds them lies beside this repository. */
    public static List<OracleCase> all() {
        assumeTrue(
                Files.isDirectory(ALL),
                "../shared/oracles is not there: the remaining oracle cases are not compared, only those kept in this repository");
        return in(ALL);
    }

    private static List<OracleCase> in(Path root) {
        try (Stream<Path> folders = Files.list(root)) {
            return folders.filter(Files::isDirectory)
                    .sorted()
                    .map(OracleCase::read)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static OracleCase read(Path folder) {
        JsonNode json =
                JsonMapper.shared().readTree(folder.resolve("oracle.json").toFile());
        JsonNode mm = json.get("spacing_mm");
        List<Integer> labels = new ArrayList<>();
        json.get("labels").forEach(l -> labels.add(l.asInt()));
        return new OracleCase(
                json.get("case").asString(),
                json.get("kind").asString(),
                new Spacing(
                        mm.get(0).asDouble(), mm.get(1).asDouble(), mm.get(2).asDouble()),
                labels,
                json.get("results"),
                folder);
    }

    public BitMask prediction(int label) {
        Values v = values(folder.resolve("prediction.nii.gz"));
        return switch (kind) {
            case "probability" -> v.mask(i -> v.data[i] > 0.5);
            case "logit" -> v.mask(i -> v.data[i] > 0);
            case "softmax" -> v.mask(i -> v.largestClass(i) == label);
            default -> v.mask(i -> v.data[i] == label);
        };
    }

    public BitMask reference(int label) {
        Values v = values(folder.resolve("reference.nii.gz"));
        return v.mask(i -> v.data[i] == label);
    }

    private record Values(int nx, int ny, int nz, int nt, double[] data) {

        BitMask mask(IntPredicate inside) {
            BitMask mask = new BitMask(new Box(0, 0, 0, nx, ny, nz));
            for (int z = 0, i = 0; z < nz; z++) {
                for (int y = 0; y < ny; y++) {
                    for (int x = 0; x < nx; x++, i++) {
                        if (inside.test(i)) {
                            mask.set(x, y, z);
                        }
                    }
                }
            }
            return mask;
        }

        int largestClass(int i) {
            int best = 0;
            int n = nx * ny * nz;
            for (int t = 1; t < nt; t++) {
                if (data[i + t * n] > data[i + best * n]) {
                    best = t;
                }
            }
            return best;
        }
    }

    /** Little-endian, unscaled NIfTI-1 as the cases have it; the product's reader has tests of its own. */
    private static Values values(Path file) {
        try (InputStream in = new GZIPInputStream(Files.newInputStream(file))) {
            ByteBuffer b = ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
            int nx = b.getShort(42);
            int ny = b.getShort(44);
            int nz = Math.max(1, b.getShort(46));
            int nt = b.getShort(40) > 3 ? b.getShort(48) : 1;
            int at = (int) b.getFloat(108);
            int type = b.getShort(70);
            double[] data = new double[nx * ny * nz * nt];
            for (int i = 0; i < data.length; i++) {
                data[i] = switch (type) {
                    case 2 -> b.get(at + i) & 255;
                    case 4 -> b.getShort(at + 2 * i);
                    case 16 -> b.getFloat(at + 4 * i);
                    default -> throw new IOException("datatype " + type + " of " + file);
                };
            }
            return new Values(nx, ny, nz, nt, data);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
