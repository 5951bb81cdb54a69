package org.segmeter.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** The checked-out repository that these tests speak about: Maven runs them in its top directory. */
final class WorkingCopy {

    static final Path ROOT = Path.of("").toAbsolutePath();

    private WorkingCopy() {}

    static String read(String file) throws IOException {
        return Files.readString(ROOT.resolve(file));
    }

    /** The version that {@code pom.xml} gives the project. */
    static String version() throws IOException {
        String pom = read("pom.xml");
        int own = pom.indexOf("<artifactId>segmeter</artifactId>");
        int start = pom.indexOf("<version>", own) + "<version>".length();
        return pom.substring(start, pom.indexOf("</version>", start));
    }

    /** Every file that git tracks or would track: what a commit of this state contains. */
    static List<Path> files() throws IOException, InterruptedException {
        Process git = new ProcessBuilder("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
                .directory(ROOT.toFile())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String names;
        try (InputStream output = git.getInputStream()) {
            names = new String(output.readAllBytes(), StandardCharsets.UTF_8);
        }
        assertThat(git.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(git.exitValue()).as("git ls-files in the working copy").isZero();
        List<Path> files = new ArrayList<>();
        for (String name : names.split("\0", -1)) {
            if (!name.isEmpty() && Files.isRegularFile(ROOT.resolve(name))) {
                files.add(Path.of(name));
            }
        }
        assertThat(files).contains(Path.of("pom.xml"));
        return files;
    }

    static Map<String, Object> yaml(String text) {
        return new Yaml(new SafeConstructor(new LoaderOptions())).load(text);
    }

    /** Every document of a stream, without the empty ones that a template leaves behind. */
    static List<Map<String, Object>> yamls(String text) {
        List<Map<String, Object>> documents = new ArrayList<>();
        for (Object document : new Yaml(new SafeConstructor(new LoaderOptions())).loadAll(text)) {
            if (document != null) {
                documents.add(mapping(document));
            }
        }
        return documents;
    }

    /** Follows keys and list positions, so that an expectation names its place: {@code at(pod, "containers", 0, "image")}. */
    static Object at(Object node, Object... path) {
        Object current = node;
        for (Object step : path) {
            Object next = step instanceof Integer index
                    ? sequence(current).get(index)
                    : mapping(current).get(step.toString());
            if (next == null) {
                throw new AssertionError("%s of %s is missing in %s".formatted(step, List.of(path), node));
            }
            current = next;
        }
        return current;
    }

    private static List<?> sequence(Object node) {
        assertThat(node).isInstanceOf(List.class);
        return (List<?>) node;
    }

    @SuppressWarnings("unchecked") // YAML keys of our own files are strings
    static Map<String, Object> mapping(Object node) {
        assertThat(node).isInstanceOf(Map.class);
        return (Map<String, Object>) node;
    }
}
