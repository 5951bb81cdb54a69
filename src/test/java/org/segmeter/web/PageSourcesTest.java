package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The pages' own files have nothing in them by which text becomes script, and nothing of another host. PagesTest opens them. */
class PageSourcesTest {

    private static final Path FOLDER = Path.of("src/main/resources/static");

    /** By name; libraries come from webjars and are not among them. */
    private static Map<String, String> files(String ending) throws IOException {
        Map<String, String> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(FOLDER)) {
            for (Path file :
                    all.filter(path -> path.toString().endsWith(ending)).toList()) {
                files.put(FOLDER.relativize(file).toString(), Files.readString(file));
            }
        }
        assertThat(files).isNotEmpty();
        return files;
    }

    @Test
    void noPageHasScriptOrStyleInIt() throws IOException {
        files(".html").forEach((name, page) -> {
            Matcher script = Pattern.compile("<script\\b([^>]*)>([^<]*)").matcher(page);
            while (script.find()) {
                assertThat(script.group(1)).as(name).contains("src=");
                assertThat(script.group(2)).as(name).isBlank();
            }
            assertThat(page)
                    .as(name)
                    .doesNotContainPattern("<style|\\sstyle=|\\son[a-z]+=|javascript:|<iframe|<object|<embed|<base");
        });
    }

    @Test
    void noScriptMakesMarkupOrCodeOfText() throws IOException {
        files(".js")
                .forEach((name, script) -> assertThat(script)
                        .as(name)
                        .doesNotContainPattern(
                                "innerHTML|outerHTML|insertAdjacentHTML|document\\.write|createContextualFragment|srcdoc|DOMParser|\\beval\\(|new"
                                        + " Function|set(Timeout|Interval)\\(\\s*['\"`]|postMessage|trustedTypes"));
    }

    @Test
    void nothingIsOfAnotherHost() throws IOException {
        for (String ending : List.of(".html", ".js", ".css")) {
            files(ending)
                    .forEach((name, text) -> assertThat(text.replace("http://www.w3.org/", "")
                                    .replaceAll("(https?:)?//localhost[^\\s]*", ""))
                            .as(name)
                            .doesNotContainPattern(
                                    "https?://|(src|href)=\"//|url\\(['\"]?//|@import|import\\(['\"]http"));
        }
    }

    @Test
    void nothingButTheColoursIsKeptInTheBrowser() throws IOException {
        files(".js").forEach((name, script) -> {
            assertThat(script).as(name).doesNotContainPattern("sessionStorage|indexedDB|document\\.cookie|caches\\.");
            Matcher kept = Pattern.compile("localStorage\\.\\w+\\('([^']*)'").matcher(script);
            while (kept.find()) {
                assertThat(kept.group(1)).as(name).isEqualTo("segmeter-theme");
            }
        });
    }

    @Test
    void keysAreTypedUnseenAndLoggingOutIsInReachEverywhere() throws IOException {
        Map<String, String> pages = files(".html");
        Map<String, String> scripts = files(".js");
        assertThat(pages.get("login.html")).contains("type=\"password\"");
        assertThat(scripts.get("app.js")).contains("'Log out'", "'DELETE'", "/api/v1/session");
        pages.forEach((name, page) -> {
            if (!name.equals("login.html")) {
                Matcher module =
                        Pattern.compile("type=\"module\" src=\"/?([^\"]+)\"").matcher(page);
                assertThat(module.find()).as(name).isTrue();
                assertThat(scripts.get(module.group(1)))
                        .as(name + " has the header with it")
                        .contains("frame()");
            }
        });
    }
}
