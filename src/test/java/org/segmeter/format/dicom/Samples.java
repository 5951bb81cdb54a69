package org.segmeter.format.dicom;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.segmeter.format.ReadOptions;
import org.segmeter.volume.InputException;
import org.segmeter.volume.Segmentation;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The test objects of this package: small copies in the resources, and the whole collection where it lies beside the project. */
final class Samples {

    static final Path COPIES = Path.of("src/test/resources/org/segmeter/format/dicom");
    static final Path COLLECTION = Path.of("../shared/samples");

    private Samples() {}

    static JsonNode json(String resource) {
        try (InputStream in = Samples.class.getResourceAsStream(resource)) {
            return JsonMapper.shared().readTree(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void assumeCollection(String notRun) {
        assumeTrue(
                Files.isDirectory(COLLECTION),
                "NOT RUN: " + notRun
                        + ", because ../shared/samples is not there; the copies in the resources are tested");
    }

    static List<Path> files(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(f -> {
                        String name = f.getFileName().toString();
                        return !name.endsWith(".md") && !name.endsWith(".json") && !name.endsWith(".gz");
                    })
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Segmentation read(byte[] object, ReadOptions options) throws InputException {
        return new DicomSegmentationFormat().read(List.of(MemorySegment.ofArray(object)), options);
    }

    static Segmentation read(byte[] object) throws InputException {
        return read(object, ReadOptions.defaults());
    }
}
