package org.segmeter.pacs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.segmeter.format.dicom.DicomInstance;
import org.yaml.snakeyaml.Yaml;

/** docs/dicom-conformance.md says neither more nor less than what runs. */
class ConformanceTest {

    private static final String PAGE = read("docs/dicom-conformance.md");

    @Test
    void everyReasonIsListedAndNoOther() {
        Set<String> listed = new TreeSet<>();
        Matcher row = Pattern.compile("(?m)^\\| `([0-9A-F]{4})`").matcher(PAGE);
        while (row.find()) {
            listed.add(row.group(1));
        }
        Set<String> used = new TreeSet<>();
        for (StoreOutcome.Reason reason : StoreOutcome.Reason.values()) {
            used.add("%04X".formatted(reason.code()));
        }
        assertThat(listed).isEqualTo(used).hasSizeGreaterThan(5);
    }

    @Test
    void everyPrivateCodeIsListedWithItsMeaning() {
        Map<String, String> listed = new TreeMap<>();
        Matcher row = Pattern.compile("(?m)^\\| `([A-Z0-9]+)` \\| ([^|]+) \\|$")
                .matcher(PAGE.substring(PAGE.indexOf("Codes of the private scheme")));
        while (row.find()) {
            listed.put(row.group(1), row.group(2));
        }
        StructuredReport.METRICS
                .values()
                .forEach(code -> assertThat(listed).containsEntry(code.value(), code.meaning()));
        assertThat(listed).containsKeys("TOLERANCE", "PROTOCOL", "SEGMENT", "REVIEW", "UNCHANGED", "UNMATCHED");
        assertThat(listed).hasSize(StructuredReport.METRICS.size() + 6);
        assertThat(PAGE).contains("`" + StructuredReport.SCHEME + "`");
    }

    @Test
    void everySopClassIsListed() {
        assertThat(PAGE)
                .contains(
                        "`" + DicomInstance.SEGMENTATION + "` | yes | no",
                        "`" + DicomInstance.LABEL_MAP + "` | yes | no",
                        "`" + DicomInstance.COMPREHENSIVE_3D_SR + "` | only what it made itself | yes");
    }

    @Test
    void everyStatusOfStoringIsListed() {
        Map<String, Map<String, Map<String, Map<String, Map<String, Object>>>>> document =
                new Yaml().load(read("openapi.yaml"));
        Set<String> described = new TreeSet<>(document.get("paths")
                .get("/dicom-web/studies")
                .get("post")
                .get("responses")
                .keySet());
        described.remove("503"); // of the database, and of every route
        Set<String> listed = new TreeSet<>();
        Matcher row = Pattern.compile("(?m)^\\| ([0-9]{3}) \\|").matcher(PAGE);
        while (row.find()) {
            listed.add(row.group(1));
        }
        assertThat(listed).isEqualTo(described).hasSizeGreaterThan(4);
    }

    private static String read(String file) {
        try {
            return Files.readString(Path.of(file));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
