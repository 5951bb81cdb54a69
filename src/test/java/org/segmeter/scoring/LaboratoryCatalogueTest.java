package org.segmeter.scoring;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.format.SegmentationReader;
import org.segmeter.metric.LaboratoryCatalogue;
import org.segmeter.metric.LaboratoryCatalogue.Document;
import org.segmeter.volume.CancelSignal;
import tools.jackson.databind.JsonNode;

/**
 * Every number that the documents about losses, calibration and fragility say of a segment or of the classes is in the catalogue,
 * with its unit and parameters, and the catalogue has no other.
 */
class LaboratoryCatalogueTest {

    private static final int N = 8;

    /** A NIfTI-1 file of float32, one volume or two. */
    private static Path file(Path file, int volumes, BiFunction<Integer, Integer, Float> values) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(352 + 4 * N * N * N * volumes).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(0, 348);
        int[] dim = {volumes == 1 ? 3 : 4, N, N, N, volumes, 1, 1, 1};
        for (int i = 0; i < 8; i++) {
            bytes.putShort(40 + 2 * i, (short) dim[i]).putFloat(76 + 4 * i, 1);
        }
        bytes.putShort(70, (short) 16).putShort(72, (short) 32).putFloat(108, 352);
        bytes.put(123, (byte) 2).putShort(254, (short) 1);
        for (int axis = 0; axis < 3; axis++) {
            bytes.putFloat(280 + 20 * axis, 1);
        }
        bytes.put(344, "n+1\0".getBytes(StandardCharsets.US_ASCII));
        for (int v = 0; v < volumes; v++) {
            for (int i = 0; i < N * N * N; i++) {
                bytes.putFloat(352 + 4 * (v * N * N * N + i), values.apply(v, i));
            }
        }
        return Files.write(file, bytes.array());
    }

    /** Two boxes, side by side along x. */
    private static int label(int i) {
        int x = i % N;
        int y = i / N % N;
        int z = i / (N * N);
        return y < 2 || y > 5 || z < 2 || z > 5 || x == 0 || x == N - 1 ? 0 : x < N / 2 ? 1 : 2;
    }

    private static LaboratoryReport report(Path folder) throws Exception {
        Path prediction = file(
                folder.resolve("p.nii"), 2, (v, i) -> label(i) == v + 1 ? 0.6f : 0.02f + 0.3f * (i * 31 % 17) / 17);
        Path reference = file(folder.resolve("r.nii"), 1, (v, i) -> (float) label(i));
        return new Laboratory(SegmentationReader.standard(), Protocols.builtIn(), null)
                .measure(
                        new ScoringInput(List.of(prediction), List.of("0".repeat(64))),
                        new ScoringInput(List.of(reference), List.of("1".repeat(64))),
                        ScoringOptions.parse("{\"prediction\":{\"values\":\"probabilities\"}}"),
                        LaboratoryOptions.ofRequest(null),
                        CancelSignal.none());
    }

    /** The names of all numbers in a document with their units, and of the gradients. */
    private record Found(Map<String, String> units, Map<String, Set<String>> parameters, Set<String> gradients) {

        Found() {
            this(new TreeMap<>(), new TreeMap<>(), new TreeSet<>());
        }

        void collect(JsonNode node) {
            node.properties().forEach(entry -> collect(entry.getKey(), entry.getValue()));
        }

        private void collect(String name, JsonNode value) {
            JsonNode first = value.isArray() && !value.isEmpty() ? value.get(0) : value;
            if (name.equals("segment") || name.equals("match")) {
                return;
            }
            if (name.equals("gradients")) {
                value.properties().forEach(gradient -> {
                    gradients.add(gradient.getKey());
                    collect(gradient.getValue());
                });
            } else if (first.has("unit")) {
                (value.isArray() ? value : List.of(value)).forEach(one -> value(name, one));
            } else if (value.isObject()) {
                collect(value);
            } else if (first.isObject()) {
                value.forEach(this::collect);
            } else if (first.isNumber() || first.isNull()) {
                units.put(name, "1");
            }
        }

        private void value(String name, JsonNode value) {
            units.put(name, value.path("unit").asString());
            value.properties().forEach(member -> {
                switch (member.getKey()) {
                    case "value", "unit", "state", "reason" -> {}
                    case "parameters" ->
                        parameters
                                .computeIfAbsent(name, n -> new TreeSet<>())
                                .addAll(member.getValue().propertyNames());
                    default -> units.put(member.getKey(), "1");
                }
            });
        }
    }

    private static Found found(JsonNode document) {
        Found found = new Found();
        document.path("segments").forEach(found::collect);
        found.collect(document.path("classes"));
        return found;
    }

    private static void compare(Document document, JsonNode written) {
        Found found = found(written);
        Set<String> names = new TreeSet<>();
        Set<String> gradients = new TreeSet<>();
        for (LaboratoryCatalogue.Entry entry : LaboratoryCatalogue.entries(document)) {
            assertThat(names.add(entry.name()))
                    .as(entry.name() + " stands once")
                    .isTrue();
            gradients.addAll(entry.gradients());
            assertThat(found.units()).as(document.toString()).containsEntry(entry.name(), entry.unit());
            assertThat(entry.parameters())
                    .extracting(LaboratoryCatalogue.Parameter::name)
                    .as(entry.name())
                    .containsAll(found.parameters().getOrDefault(entry.name(), Set.of()));
            assertThat(List.of(entry.title(), entry.definition(), entry.source()))
                    .as(entry.name())
                    .noneMatch(String::isBlank);
        }
        assertThat(found.units().keySet()).as(document.toString()).isEqualTo(names);
        assertThat(found.gradients()).isEqualTo(gradients);
    }

    @Test
    void losses(@TempDir Path folder) throws Exception {
        JsonNode written = LaboratoryJson.loss(report(folder));
        assertThat(written.at("/classes/state").asString()).isEqualTo("OK");
        compare(Document.LOSS, written);
        assertThat(found(written).gradients()).hasSizeGreaterThan(25);
    }

    @Test
    void calibration(@TempDir Path folder) throws Exception {
        JsonNode written = LaboratoryJson.calibration(report(folder));
        assertThat(written.at("/classes/state").asString()).isEqualTo("OK");
        compare(Document.CALIBRATION, written);
    }

    @Test
    void fragility(@TempDir Path folder) throws Exception {
        compare(Document.FRAGILITY, LaboratoryJson.fragility(report(folder)));
    }
}
