package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import com.microsoft.playwright.options.ColorScheme;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Debian's Chromium, driven by Playwright over Debian's Node.js, that remembers whatever a page complains about. */
final class Browser implements AutoCloseable {

    /** How long a page may take for what it is asked: a limit for what hangs, not a measure. */
    private static final double PATIENCE_MS = 90_000;

    private static final String[] CHROMIUM = {"chromium", "chromium-browser", "google-chrome"};

    private final Playwright playwright;
    private final com.microsoft.playwright.Browser browser;
    private final String base;
    private final List<String> complaints = new ArrayList<>();
    private @Nullable String axe;

    private Browser(Playwright playwright, com.microsoft.playwright.Browser browser, String base) {
        this.playwright = playwright;
        this.browser = browser;
        this.base = base;
    }

    /** Skips the test aloud where there is no browser. */
    static void assumeInstalled() {
        assumeTrue(
                program(CHROMIUM).isPresent() && program("node").isPresent(),
                "NOT RUN: the pages need Chromium and Node.js (Debian's packages chromium and nodejs)");
    }

    static Browser start(int port) {
        Optional<Path> chromium = program(CHROMIUM);
        Optional<Path> node = program("node");
        PlaywrightAssertions.setDefaultAssertionTimeout(PATIENCE_MS);
        Playwright playwright = Playwright.create(new Playwright.CreateOptions()
                .setEnv(Map.of(
                        "PLAYWRIGHT_NODEJS_PATH",
                        node.orElseThrow().toString(),
                        "PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD",
                        "1")));
        com.microsoft.playwright.Browser browser = playwright
                .chromium()
                .launch(new BrowserType.LaunchOptions()
                        .setExecutablePath(chromium.orElseThrow())
                        .setArgs(List.of("--no-sandbox", "--disable-gpu", "--disable-background-networking")));
        return new Browser(playwright, browser, "http://localhost:" + port);
    }

    private static Optional<Path> program(String... names) {
        String path = System.getenv("PATH");
        for (String name : names) {
            for (String directory :
                    path == null ? new String[0] : path.split(Pattern.quote(java.io.File.pathSeparator), -1)) {
                Path program = Path.of(directory, name);
                if (Files.isExecutable(program)) {
                    return Optional.of(program);
                }
            }
        }
        return Optional.empty();
    }

    /** A window; complaints of its pages are kept. */
    Page window(int width, int height, ColorScheme colours) {
        BrowserContext context = browser.newContext(new com.microsoft.playwright.Browser.NewContextOptions()
                .setBaseURL(base)
                .setViewportSize(width, height)
                .setColorScheme(colours)
                .setAcceptDownloads(true));
        context.setDefaultTimeout(PATIENCE_MS);
        context.addInitScript(
                "addEventListener('securitypolicyviolation', (e) => console.error('CSP: ' + e.violatedDirective + ' '"
                        + " + e.blockedURI));");
        Page page = context.newPage();
        page.onConsoleMessage(message -> {
            if (message.type().equals("error") || message.type().equals("warning")) {
                complaints.add(page.url() + ": " + message.text());
            }
        });
        page.onPageError(error -> complaints.add(page.url() + ": " + error));
        return page;
    }

    /** What pages wrote to the console as errors or warnings, did not catch, or were kept from by the content security policy. */
    List<String> complaints() {
        return complaints;
    }

    /** What axe-core finds on a page that keeps people from using it. @param rules all of them if none is named */
    List<String> barriers(Page page, String... rules) throws IOException {
        if (axe == null) {
            try (InputStream script = Browser.class.getResourceAsStream("/axe.min.js")) {
                assertThat(script).as("axe.min.js of axe-core").isNotNull();
                axe = new String(script.readAllBytes(), StandardCharsets.UTF_8);
            }
        }
        page.evaluate(axe);
        String only = rules.length == 0 ? "" : ", runOnly: ['" + String.join("', '", rules) + "']";
        Object found = page.evaluate(
                "async () => (await axe.run(document, {resultTypes: ['violations']" + only + "})).violations.filter((v)"
                        + " => ['serious',"
                        + " 'critical'].includes(v.impact)).map((v)"
                        + " => v.id + ': ' + v.help"
                        + " + ' at ' +"
                        + " v.nodes.slice(0,"
                        + " 3).map((n) =>"
                        + " n.target.join(' ') + '"
                        + " ' + n.html.slice(0,"
                        + " 120)).join(' | '))");
        List<String> barriers = new ArrayList<>();
        for (Object one : (List<?>) found) {
            barriers.add(page.url() + ": " + one);
        }
        return barriers;
    }

    @Override
    public void close() {
        browser.close();
        playwright.close();
    }
}
