package org.segmeter.security;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** docs/security.md names only tests that there are. */
class SecurityPageTest {

    @Test
    void everyTestThatIsNamedExists() throws Exception {
        Set<String> named = new TreeSet<>();
        Matcher name =
                Pattern.compile("`([A-Z][A-Za-z]+(?:Test|IT))`").matcher(Files.readString(Path.of("docs/security.md")));
        while (name.find()) {
            named.add(name.group(1));
        }
        Set<String> there;
        try (Stream<Path> files = Files.walk(Path.of("src/test/java"))) {
            there = files.map(file -> file.getFileName().toString().replace(".java", ""))
                    .collect(Collectors.toSet());
        }
        assertThat(named).hasSizeGreaterThan(15);
        assertThat(there).containsAll(named);
    }

    /** Sections of OWASP ASVS 5.0.0 and how many requirements of level 1 and 2 each has. */
    private static final Map<Integer, Integer> REQUIREMENTS = Map.ofEntries(
            Map.entry(1, 27),
            Map.entry(2, 11),
            Map.entry(3, 19),
            Map.entry(4, 10),
            Map.entry(5, 9),
            Map.entry(6, 35),
            Map.entry(7, 18),
            Map.entry(8, 7),
            Map.entry(9, 7),
            Map.entry(10, 29),
            Map.entry(11, 14),
            Map.entry(12, 9),
            Map.entry(13, 13),
            Map.entry(14, 9),
            Map.entry(15, 13),
            Map.entry(16, 16),
            Map.entry(17, 7));

    @Test
    void everyRequirementOfLevel2HasAnAnswer() throws Exception {
        Map<Integer, Integer> found = new TreeMap<>();
        Set<String> ids = new TreeSet<>();
        Matcher row = Pattern.compile("(?m)^\\| V((\\d+)\\.\\d+\\.\\d+) \\| [^|]+ \\| ([^|]+) \\|$")
                .matcher(Files.readString(Path.of("docs/security.md")));
        while (row.find()) {
            assertThat(ids.add(row.group(1))).as("twice: " + row.group(1)).isTrue();
            found.merge(Integer.valueOf(row.group(2)), 1, Integer::sum);
            assertThat(row.group(3)).as(row.group(1)).hasSizeGreaterThan(2).isNotEqualTo("n/a");
        }
        assertThat(ids).hasSize(253);
        assertThat(found).isEqualTo(new TreeMap<>(REQUIREMENTS));
    }
}
