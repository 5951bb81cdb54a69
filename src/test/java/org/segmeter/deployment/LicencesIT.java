package org.segmeter.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The licences of what is in the jar, by the list that the build puts into it. */
class LicencesIT {

    private static final Set<String> PLAIN = Set.of("Apache-2.0", "MIT");

    private static final Set<String> ALLOWED =
            Set.of("Apache-2.0", "MIT", "MIT-0", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "Zlib", "CC0-1.0", "EPL-2.0");

    /** Offered beside an allowed one, to choose from. */
    private static final Set<String> CHOICES = Set.of("LGPL-2.1-only", "GPL-2.0-with-classpath-exception");

    @Test
    void everyComponentIsUnderALicenceThatIsAllowedAndListed() throws Exception {
        JsonNode components = JsonMapper.shared()
                .readTree(Files.readString(Path.of("target/classes/META-INF/sbom/application.cdx.json")))
                .path("components");
        assertThat(components.size()).isGreaterThan(100);
        String page = Files.readString(Path.of("docs/licences.md"));
        List<String> wrong = new ArrayList<>();
        for (JsonNode component : components) {
            Set<String> licences = new TreeSet<>();
            for (JsonNode licence : component.path("licenses")) {
                licences.add(licence.path("license")
                        .path("id")
                        .asString(licence.path("license")
                                .path("name")
                                .asString(licence.path("expression").asString("?"))));
            }
            String name = component.path("name").asString();
            boolean allowed = licences.stream().anyMatch(ALLOWED::contains)
                    && licences.stream().allMatch(one -> ALLOWED.contains(one) || CHOICES.contains(one));
            boolean listed = PLAIN.containsAll(licences) || page.contains("`" + name + "`");
            if (!allowed || !listed) {
                wrong.add(name + " " + licences);
            }
        }
        assertThat(wrong).as("not allowed, or not on docs/licences.md").isEmpty();
    }
}
