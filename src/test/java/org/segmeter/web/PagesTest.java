package org.segmeter.web;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Download;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.ColorScheme;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.segmeter.batch.Batch;
import org.segmeter.batch.Batches;
import org.segmeter.demo.DemonstrationShare;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.KeptContent;
import org.segmeter.format.dicom.SegFixture;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * The pages as people use them, in a browser. With {@code -Dsegmeter.screenshots=docs/screenshots} it takes the pictures of the documentation,
 * with {@code -Dsegmeter.pictures=directory} those of every whole page, in light and dark, and what is printed, to be looked at.
 */
@DisplayName("The pages")
class PagesTest {

    private static final Path EXAMPLES = Path.of("examples/organs").toAbsolutePath();
    /** Cases of a control chart before its limits hold. */
    private static final int BASELINE = 30;

    private static final @Nullable String PICTURES = System.getProperty("segmeter.screenshots");
    private static final @Nullable String WHOLE_PAGES = System.getProperty("segmeter.pictures");

    private static @Nullable Browser browser;
    /** Of the demonstration's three hundred, spread over its year. */
    private static final int DEMONSTRATION = 16;

    private static Api api;
    private static DicomWeb pacs;

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        Browser.assumeInstalled();
        Service service = Service.shared();
        api = service.api();
        pacs = new DicomWeb(service.port());
        UUID demonstration = DemonstrationShare.make(
                service.bean(Batches.class),
                service.bean(BlobStore.class),
                service.bean(KeptContent.class),
                service.bean(JdbcClient.class),
                DEMONSTRATION);
        cohort();
        browser = Browser.start(service.port());
        Batch made = service.bean(Batches.class)
                .awaitFinal(demonstration, Duration.ofMinutes(5))
                .orElseThrow();
        assertThat(made.state()).isEqualTo(Batch.State.DONE);
        assertThat(made.items().failed()).isZero();
    }

    /** A model whose last case is far worse than all before, and another one on some of the same cases. */
    private static void cohort() {
        for (int i = 0; i <= BASELINE + 3; i++) {
            int off = i == BASELINE + 3 ? 6 : 0;
            score("steady", i, TinyVolume.cube(1 + i % 2 + off, 1 + off, 1 + i / 2 % 2, 5));
            if (i % 3 == 0) {
                score("rival", i, TinyVolume.cube(2 + i % 2, 1 + i / 6 % 2, 2, 5));
            }
        }
    }

    private static void score(String model, int number, byte[] prediction) {
        api.post(
                        List.of(
                                Api.Part.bytes("prediction", prediction),
                                Api.Part.bytes("reference", TinyVolume.cube(1, 1, 1, 5)),
                                Api.Part.text(
                                        "request",
                                        "{\"caseId\": \"walk-%02d\", \"model\": {\"name\": \"%s\", \"version\": \"1\"}, \"site\": \"%s\","
                                                        .formatted(number, model, number % 2 == 0 ? "north" : "south")
                                                + " \"labels\": {\"scanner\": \"A\"}}")),
                        "Prefer",
                        "wait=60")
                .expect(200);
    }

    @AfterAll
    static void stop() {
        if (browser != null) {
            browser.close();
        }
    }

    private static Page window() {
        return browser.window(1280, 900, ColorScheme.LIGHT);
    }

    private static void noComplaints() {
        assertThat(browser.complaints()).isEmpty();
    }

    private static void picture(Page page, String name) {
        if (PICTURES != null) {
            page.screenshot(new Page.ScreenshotOptions().setPath(Path.of(PICTURES, name + ".png")));
        }
    }

    /** All of a page as it is seen and as it is printed. */
    private static void wholePage(Page page, String path, ColorScheme colours) {
        if (WHOLE_PAGES != null) {
            String name = path.replaceAll("\\.html.*|[^a-z.]", "") + "-" + page.viewportSize().width + "-"
                    + colours.name().toLowerCase(java.util.Locale.ROOT);
            page.screenshot(
                    new Page.ScreenshotOptions().setFullPage(true).setPath(Path.of(WHOLE_PAGES, name + ".png")));
            page.pdf(new Page.PdfOptions().setPreferCSSPageSize(true).setPath(Path.of(WHOLE_PAGES, name + ".pdf")));
        }
    }

    private static void awaitShown(Page page, String plane, int slice) {
        assertThat(page.locator(".panel-" + plane)).hasAttribute("data-shown", Integer.toString(slice));
    }

    /** Pixels of a panel that have a colour. */
    private static int pixels(Page page, String plane, int colour) {
        return ((Number) page.evaluate("""
            ([plane, red, green, blue]) => {
              const canvas = document.querySelector('.panel-' + plane + ' canvas');
              const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
              copy.drawImage(canvas, 0, 0);
              const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
              let n = 0;
              for (let i = 0; i < data.length; i += 4) if (data[i] === red && data[i + 1] === green && data[i + 2] === blue) n++;
              return n;
            }\
            """, List.of(plane, colour >> 16 & 255, colour >> 8 & 255, colour & 255)))
                .intValue();
    }

    @Test
    void aPairIsUploadedScoredAndLookedAtSliceBySlice() throws IOException {
        Page page = window();
        page.navigate("/");
        page.locator("input[name=prediction]").setInputFiles(EXAMPLES.resolve("prediction.dcm"));
        page.locator("input[name=reference]").setInputFiles(EXAMPLES.resolve("reference.nii.gz"));
        page.getByText("What it belongs to, and").click();
        page.getByLabel("Case").fill("<img src=x onerror=alert(1)>");
        page.getByLabel("Model").fill("walker");
        page.getByLabel("Version").fill("1.0");
        page.locator("#protocol").selectOption(new String[] {"segmeter@1", "monai@1", "medpy@1"});
        page.evaluate("""
            () => {
              const bar = document.getElementById('progress');
              new MutationObserver(() => sessionStorage.setItem('progress', Math.max(bar.value, sessionStorage.getItem('progress'))))
                .observe(bar, { attributes: true });
            }\
            """);
        page.getByRole(
                        AriaRole.BUTTON,
                        new Page.GetByRoleOptions().setName("Score").setExact(true))
                .click();
        page.waitForURL(Pattern.compile("/case\\.html\\?id="));
        assertThat(((Number) page.evaluate("() => Number(sessionStorage.getItem('progress'))")).doubleValue())
                .as("the bar told how far the upload was")
                .isPositive();
        // What a sender wrote is text, whatever it looks like.
        assertThat(page.locator("h1")).containsText("<img src=x onerror=alert(1)>");
        assertThat(page.locator("#viewer")).isVisible();
        assertThat(page.getByText("Conventions side by side")).isVisible();
        assertThat(page.getByText("Why the values are what they are")).isVisible();

        // The worst structure's worst slice is there first: the prediction goes on where the reference has ended.
        awaitShown(page, "axial", 13);
        assertThat(pixels(page, "axial", SliceController.OVERLAY[2])).isPositive();
        assertThat(pixels(page, "axial", SliceController.OVERLAY[1])).isZero();
        Locator axial = page.locator(".panel-axial canvas");
        axial.focus();
        page.keyboard().press("ArrowDown");
        awaitShown(page, "axial", 12);
        page.keyboard().press("PageDown");
        awaitShown(page, "axial", 2);
        page.keyboard().press("w");
        awaitShown(page, "axial", 13);
        axial.hover();
        page.mouse().wheel(0, 120);
        awaitShown(page, "axial", 12);
        int agreed = pixels(page, "axial", SliceController.OVERLAY[1]);
        assertThat(agreed).isPositive();
        page.keyboard().press("+");
        page.keyboard().press("+");
        assertThat(pixels(page, "axial", SliceController.OVERLAY[1])).isGreaterThan(agreed);
        page.keyboard().press("0");
        assertThat(pixels(page, "axial", SliceController.OVERLAY[1])).isEqualTo(agreed);

        page.locator(".panel-axial .strip svg")
                .click(new Locator.ClickOptions()
                        .setPosition(page.locator(".panel-axial .strip svg").boundingBox().width / 2, 10));
        awaitShown(page, "axial", 7);
        page.getByLabel("Segment").selectOption("2");
        page.getByText("Lowest Dice").click();
        int worst = api.get(
                        "/api/v1/evaluations/" + page.url().replaceAll(".*id=", "") + "/slices?plane=sagittal&entry=2")
                .json()
                .get("worst")
                .asInt();
        awaitShown(page, "sagittal", worst);
        page.getByLabel("Show").selectOption("distance 2");
        page.waitForCondition(() -> pixels(page, "axial", 0x443983) + pixels(page, "coronal", 0x443983) > 0);
        page.getByText("Measure the losses").click();
        assertThat(page.getByText("Losses of each structure")).isVisible();

        Download download =
                page.waitForDownload(() -> page.getByText("All values (CSV)").click());
        List<String> lines = Files.readAllLines(download.path());
        assertThat(lines.getFirst())
                .isEqualTo("case,model,version,segment,protocol,metric,parameters,value,unit,state");
        assertThat(lines).hasSizeGreaterThan(200);
        assertThat(lines.stream().filter(line -> line.contains(",Liver,segmeter@1,dice,")))
                .hasSize(1)
                .first()
                .asString()
                .contains("0.8258064516129032");
        noComplaints();
    }

    @Test
    void theDemonstrationIsWalkedPageByPage() throws IOException {
        Page page = window();
        page.navigate("/overview.html");
        settled(page);
        Locator matrix = page.locator("table").first();
        for (String words : List.of("atlas-net 1.0", "swift-seg 1.4", "uni-former 3.1", "Pancreas", "Left kidney")) {
            assertThat(matrix).containsText(words);
        }
        picture(page, "overview");

        page.navigate("/explore.html?model=swift-seg");
        settled(page);
        page.locator("input[name=structure]").fill("Pancreas");
        page.keyboard().press("Enter");
        page.waitForURL(Pattern.compile("structure=Pancreas"));
        settled(page);
        Locator results = page.locator("section[aria-labelledby=rows-title]");
        assertThat(results.locator("tbody tr")).hasCount(DEMONSTRATION);
        results.getByText("Worst first").click();
        picture(page, "explore");
        Download download = page.waitForDownload(
                () -> page.getByText("CSV of what is shown").click());
        assertThat(Files.readAllLines(download.path()))
                .hasSize(DEMONSTRATION + 1)
                .allMatch(line -> line.startsWith("evaluation,") || line.contains(",swift-seg,1.4,"));
        results.locator("tbody tr").first().getByRole(AriaRole.LINK).click();
        page.waitForURL(Pattern.compile("/case\\.html"));
        assertThat(page.locator("h1")).containsText("demo-");
        assertThat(page.locator(".panel-axial")).hasAttribute("data-shown", Pattern.compile("\\d+"));
        int shown = Integer.parseInt(page.locator(".panel-axial").getAttribute("data-shown"));
        page.locator(".panel-axial canvas").focus();
        page.keyboard().press(shown > 0 ? "ArrowDown" : "ArrowUp");
        awaitShown(page, "axial", shown > 0 ? shown - 1 : shown + 1);
        page.getByLabel("Segment").selectOption("0");
        // The worst slice of a structure may have voxels of one side only.
        page.waitForCondition(() -> pixels(page, "axial", SliceController.OVERLAY[1])
                        + pixels(page, "axial", SliceController.OVERLAY[2])
                        + pixels(page, "axial", SliceController.OVERLAY[3])
                > 0);

        page.navigate("/compare.html?modelA=swift-seg&modelB=uni-former");
        settled(page);
        assertThat(page.locator("#content")).containsText("What differs");
        assertThat(page.locator("#content")).containsText("Mean difference A − B with its 95 % interval");
        assertThat(page.locator("#content")).containsText("Bland and Altman");
        assertThat(page.locator("#content")).containsText("Liver");
        picture(page, "compare");
        page.navigate("/charts.html?model=uni-former");
        settled(page);
        assertThat(page.locator("svg").first()).isVisible();
        page.navigate("/report.html?model=uni-former");
        settled(page);
        assertThat(page.locator("#content")).containsText("evaluations of 1 model version");
        noComplaints();
    }

    @Test
    void anImageIsSeenBehindTheMasks() throws IOException {
        String scored = api.post(
                        List.of(
                                Api.Part.file("prediction", EXAMPLES.resolve("prediction.dcm")),
                                Api.Part.file("reference", EXAMPLES.resolve("reference.nii.gz")),
                                Api.Part.bytes("image", SourceImageTest.on(EXAMPLES.resolve("reference.nii.gz"))),
                                Api.Part.text("request", "{\"caseId\": \"with image\"}")),
                        "Prefer",
                        "wait=60")
                .expect(200)
                .header("Location");
        Page page = window();
        page.navigate("/case.html?id=" + scored.substring(scored.lastIndexOf('/') + 1));
        awaitShown(page, "axial", 13);
        assertThat(page.getByLabel("Level")).hasValue("40");
        assertThat(page.getByLabel("Width")).hasValue("400");
        assertThat(greys(page)).as("levels of grey of soft tissue").isGreaterThan(20);
        picture(page, "image");
        List<String> barriers = browser.barriers(page);
        page.getByLabel("Window").selectOption("Bone");
        assertThat(page.getByLabel("Width")).hasValue("1800");
        page.waitForCondition(() -> greys(page) < 20);
        page.getByLabel("Image", new Page.GetByLabelOptions().setExact(true)).uncheck();
        page.waitForCondition(() -> pixels(page, "axial", SliceController.OVERLAY[2]) > 0);
        assertThat(barriers).isEmpty();
        noComplaints();
    }

    /** How many levels of grey the axial panel has. */
    private static int greys(Page page) {
        return ((Number) page.evaluate("""
            () => {
              const canvas = document.querySelector('.panel-axial canvas');
              const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
              copy.drawImage(canvas, 0, 0);
              const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
              const greys = new Set();
              const { width, height } = canvas;
              // The middle: letters and the ruler are at the edges.
              for (let y = height >> 2; y < height - (height >> 2); y++) {
                for (let x = width >> 2; x < width - (width >> 2); x++) {
                  const i = 4 * (y * width + x);
                  if (data[i] === data[i + 1] && data[i] === data[i + 2]) greys.add(data[i]);
                }
              }
              return greys.size;
            }\
            """)).intValue();
    }

    @Test
    void whatCannotBeScoredIsRefusedInWords() {
        Page page = window();
        page.navigate("/");
        page.locator("input[name=prediction]").setInputFiles(EXAMPLES.resolve("prediction.dcm"));
        page.locator("input[name=reference]")
                .setInputFiles(Path.of("examples/spinal-cord/reference.nii.gz").toAbsolutePath());
        page.getByRole(
                        AriaRole.BUTTON,
                        new Page.GetByRoleOptions().setName("Score").setExact(true))
                .click();
        assertThat(page.locator("#problem")).containsText("their spacing differs");
        assertThat(page.locator("#problem")).containsText("corners at most 0.1 voxel apart");
        page.navigate("/overview.html");
        settled(page);
        page.getByText("could not be scored").first().click();
        page.waitForURL(Pattern.compile("state=FAILED"));
        settled(page);
        assertThat(page.locator("#last tbody tr").first()).containsText("failed");
        assertThat(page.locator("#last .chip.succeeded")).hasCount(0);
        noComplaints();
    }

    @Test
    void whatOthersWroteIsShownAsTextAndNeverRuns() throws Exception {
        String mark = "<img src=x onerror=\"document.documentElement.dataset.ran=1\">";
        String model = mark + "</script><svg onload=alert(1)>";
        Api.Answer scored = api.post(
                        List.of(
                                Api.Part.bytes("prediction", TinyVolume.cube(1, 1, 2, 5)),
                                Api.Part.bytes("reference", TinyVolume.cube(1, 1, 1, 5)),
                                Api.Part.text(
                                        "request",
                                        Api.JSON
                                                .createObjectNode()
                                                .put("caseId", mark)
                                                .put("site", mark)
                                                .set(
                                                        "model",
                                                        Api.JSON
                                                                .createObjectNode()
                                                                .put("name", model)
                                                                .put("version", mark))
                                                .toString())),
                        "Prefer",
                        "wait=60")
                .expect(200);
        String study = SegFixture.uid();
        pacs.store(SegFixture.ai(study)
                .algorithm("AUTOMATIC", mark.substring(0, 60), "1")
                .box(mark.substring(0, 60), "10200004", null, "Liver", new int[] {1, 1, 1}, new int[] {5, 5, 5})
                .bytes());
        String id = scored.header("Location").replaceAll(".*/", "");
        String named = java.net.URLEncoder.encode(model, java.nio.charset.StandardCharsets.UTF_8);
        Page page = window();
        for (String path : List.of(
                "/case.html?id=" + id,
                "/explore.html?model=" + named,
                "/overview.html?model=" + named,
                "/charts.html?model=" + named,
                "/report.html?model=" + named,
                "/compare.html?model=" + named,
                "/pairs.html?study=" + study,
                "/alerts.html?model=" + named,
                "/explore.html?case=" + java.net.URLEncoder.encode(mark, java.nio.charset.StandardCharsets.UTF_8))) {
            page.navigate(path);
            settled(page);
            assertThat(page.locator("img[src=x], svg[onload]")).hasCount(0);
            org.assertj.core.api.Assertions.assertThat(
                            page.evaluate("() => document.documentElement.dataset.ran ?? 'never'"))
                    .as(path)
                    .isEqualTo("never");
            if (path.startsWith("/case") || path.startsWith("/pairs")) {
                assertThat(page.locator("main")).containsText("<img src=x");
            }
        }
        noComplaints();
    }

    @Test
    void anAmbiguousPairIsResolved() throws Exception {
        String study = SegFixture.uid();
        SegFixture second =
                SegFixture.ai(study).algorithm("AUTOMATIC", "other-net", "3").liver(3);
        pacs.store(
                SegFixture.ai(study).liver(0).bytes(),
                second.bytes(),
                SegFixture.corrected(study).liver(1).bytes());
        String self = null;
        for (var pair : api.get("/api/v1/pairs?study=" + study + "&state=AMBIGUOUS")
                .json()
                .get("pairs")) {
            self = pair.path("links").path("self").asString();
        }
        assertThat(self).isNotNull();
        Page page = window();
        page.navigate("/pairs.html?state=AMBIGUOUS");
        picture(page, "pairs");
        page.locator("input[value='" + second.sop() + "']").first().check();
        page.locator("form.resolution:has(input[value='" + second.sop() + "'])")
                .first()
                .getByRole(AriaRole.BUTTON)
                .click();
        assertThat(page.getByText("The pair is resolved.")).isVisible();
        assertThat(api.get(self).json().path("state").asString()).isIn("MATCHED", "SCORED");
        noComplaints();
    }

    @Test
    void areUsableByEverybodyInLightAndDarkOnScreensLargeAndSmall() throws Exception {
        String scored = api.post(Api.pair("{\"caseId\": \"case-1\"}"), "Prefer", "wait=60")
                .expect(200)
                .header("Location");
        String case_ = "/case.html?id=" + scored.substring(scored.lastIndexOf('/') + 1);
        List<String> barriers = new ArrayList<>();
        for (ColorScheme colours : List.of(ColorScheme.LIGHT, ColorScheme.DARK)) {
            Page page = browser.window(colours == ColorScheme.LIGHT ? 1280 : 768, 900, colours);
            // The colours come from one style sheet: in the dark the pages that have them all.
            List<String> dark = List.of("/", "/overview.html", "/charts.html?model=steady", case_);
            List<String> all = List.of(
                    "/",
                    "/overview.html",
                    "/explore.html?model=steady",
                    "/compare.html?modelA=steady&modelB=rival",
                    "/charts.html?model=steady",
                    "/alerts.html",
                    "/report.html",
                    case_,
                    "/pairs.html",
                    "/api.html");
            for (String path : colours == ColorScheme.DARK && WHOLE_PAGES == null ? dark : all) {
                page.navigate(path);
                settled(page);
                barriers.addAll(
                        colours == ColorScheme.LIGHT
                                ? browser.barriers(page)
                                : browser.barriers(page, "color-contrast"));
                assertThat((Boolean) page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"))
                        .as(path + " needs no scrolling sideways at " + page.viewportSize().width)
                        .isTrue();
                wholePage(page, path, colours);
                if (colours == ColorScheme.DARK && (path.equals("/overview.html") || path.equals(case_))) {
                    picture(page, path.substring(1, path.indexOf('.')) + "-tablet-dark");
                } else if (colours == ColorScheme.LIGHT && path.equals("/api.html")) {
                    picture(page, "api");
                }
            }
        }
        assertThat(barriers).isEmpty();
        noComplaints();
    }

    private static void settled(Page page) {
        page.waitForFunction("() => document.querySelector('main') && !document.querySelector('[aria-busy=true]')");
    }

    @Test
    void theWorstCaseOfAModelIsFoundByFiltersAndOpened() throws IOException {
        Page page = window();
        page.navigate("/overview.html?model=steady");
        settled(page);
        assertThat(page.locator("table").first()).containsText("steady 1");
        assertThat(page.locator(".tile")).hasCount(5);
        page.navigate("/explore.html");
        page.locator("input[name=model]").fill("steady");
        page.locator("input[name=structure]").fill("1");
        page.keyboard().press("Enter");
        page.waitForURL(Pattern.compile("structure=1"));
        assertThat(page.url()).contains("model=steady");
        settled(page);
        int rows = BASELINE + 4;
        Locator results = page.locator("section[aria-labelledby=rows-title]");
        assertThat(results).containsText(rows + " results");
        assertThat(results.locator("tbody tr")).hasCount(rows);
        assertThat(page.locator("section[aria-labelledby=distribution-title] tbody tr"))
                .hasCount(1);
        assertThat(page.locator("section[aria-labelledby=distribution-title] path.violin"))
                .hasCount(1);
        results.getByText("Worst first").click();
        assertThat(results.locator("tbody tr").first()).containsText("walk-33");
        assertThat(results.locator("th[aria-sort]")).hasAttribute("aria-sort", "ascending");
        Download download = page.waitForDownload(
                () -> page.getByText("CSV of what is shown").click());
        List<String> lines = Files.readAllLines(download.path());
        assertThat(lines).hasSize(rows + 1);
        assertThat(lines.getFirst()).startsWith("evaluation,case,model,version,site");
        assertThat(lines.get(1)).contains(",walk-33,steady,1,south,A,");
        page.locator("select[name=as]").selectOption("strip");
        settled(page);
        assertThat(page.locator("section[aria-labelledby=distribution-title] .dot"))
                .hasCount(rows);
        page.locator("section[aria-labelledby=rows-title]")
                .getByText("Worst first")
                .click();
        results.locator("tbody tr").first().getByRole(AriaRole.LINK).click();
        page.waitForURL(Pattern.compile("/case\\.html"));
        assertThat(page.locator("h1")).containsText("walk-33");
        noComplaints();
    }

    @Test
    void twoModelsAreCompared() {
        Page page = window();
        page.navigate("/compare.html");
        assertThat(page.locator("#content")).containsText("Name two models");
        page.getByLabel("Model A").fill("steady");
        page.getByLabel("Model B").fill("rival");
        page.getByRole(
                        AriaRole.BUTTON,
                        new Page.GetByRoleOptions().setName("Compare").setExact(true))
                .click();
        assertThat(page.getByText("What differs")).isVisible();
        assertThat(page.locator("#content")).containsText("Case by case");
        assertThat(page.locator("svg .dot").first()).isVisible();
        assertThat(page.url()).contains("modelA=steady").contains("modelB=rival");
        noComplaints();
    }

    @Test
    void anAlertIsAcknowledged() throws InterruptedException {
        String alerts = "/api/v1/alerts?model=steady&state=OPEN";
        for (int i = 0; i < 600 && api.get(alerts).json().get("alerts").isEmpty(); i++) {
            Thread.sleep(100); // the charts are drawn now and then
        }
        int open = api.get(alerts).json().get("alerts").size();
        Page page = window();
        page.navigate("/charts.html?model=steady");
        settled(page);
        assertThat(page.locator("svg .dot.out").first()).isVisible();
        page.navigate("/alerts.html?state=OPEN&model=steady");
        settled(page);
        assertThat(page.locator("tbody tr")).hasCount(open);
        page.getByRole(AriaRole.BUTTON, new Page.GetByRoleOptions().setName("Acknowledge"))
                .first()
                .click();
        page.getByLabel("Your name").fill("Dr. A");
        page.getByLabel("What was found").fill("the wrong side was exported");
        page.keyboard().press("Enter");
        assertThat(page.getByText("The alert is acknowledged.")).isVisible();
        assertThat(page.locator("tbody tr")).hasCount(open - 1);
        assertThat(api.get("/api/v1/alerts?model=steady&state=ACKNOWLEDGED")
                        .json()
                        .at("/alerts/0/reason")
                        .asString())
                .isEqualTo("the wrong side was exported");
        noComplaints();
    }

    @Test
    void aMonthIsReported() {
        Page page = window();
        page.navigate("/report.html?model=steady");
        settled(page);
        assertThat(page.locator("#content")).containsText(BASELINE + 4 + " evaluations of 1 model version");
        assertThat(page.locator("#content")).containsText("The worst cases");
        page.emulateMedia(new Page.EmulateMediaOptions().setMedia(com.microsoft.playwright.options.Media.PRINT));
        assertThat(page.locator("nav")).isHidden();
        assertThat(page.locator("#filters")).isHidden();
        assertThat(page.locator("table").first()).isVisible();
        assertThat(pagesOf(page.pdf(new Page.PdfOptions().setFormat("A4").setPreferCSSPageSize(true))))
                .as("a short report is one page, not an empty one and then its content")
                .isEqualTo(1);
        noComplaints();
    }

    private static long pagesOf(byte[] pdf) {
        return Pattern.compile("/Type\\s*/Page\\b")
                .matcher(new String(pdf, StandardCharsets.ISO_8859_1))
                .results()
                .count();
    }

    @Test
    void keepTheThemeThatWasChosen() {
        Page page = window();
        page.navigate("/pairs.html");
        page.getByLabel("Use dark colours").click();
        page.navigate("/");
        assertThat(page.locator("html")).hasAttribute("data-theme", "dark");
        noComplaints();
    }
}
