package org.segmeter.security;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
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
}
