package org.segmeter.web;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Download;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.ColorScheme;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.segmeter.format.dicom.SegFixture;

/** The pages as people use them, in a browser. With {@code -Dsegmeter.screenshots=docs/screenshots} it takes their pictures, too. */
@DisplayName("The pages")
class PagesTest {

    private static final Path EXAMPLES = Path.of("examples/organs").toAbsolutePath();
    private static final @Nullable String PICTURES = System.getProperty("segmeter.screenshots");

    private static @Nullable Browser browser;
    private static Api api;
    private static DicomWeb pacs;

    @BeforeAll
    static void start() throws IOException {
        Browser.assumeInstalled();
        Service service = Service.shared();
        api = service.api();
        pacs = new DicomWeb(service.port());
        browser = Browser.start(service.port());
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

    private static String shown(Page page, String plane) {
        return page.locator(".panel-" + plane).getAttribute("data-shown");
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
        page.getByText("What it belongs to").click();
        page.getByLabel("Case").fill("<img src=x onerror=alert(1)>");
        page.getByLabel("Model").fill("walker");
        page.getByLabel("Version").fill("1.0");
        page.locator("#protocol").selectOption(new String[] {"segmeter@1", "monai@1", "medpy@1"});
        page.getByRole(
                        AriaRole.BUTTON,
                        new Page.GetByRoleOptions().setName("Score").setExact(true))
                .click();
        page.waitForURL(Pattern.compile("/case\\.html\\?id="));
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
            for (String path : List.of("/", case_, "/pairs.html", "/api.html")) {
                page.navigate(path);
                page.waitForFunction("() => !document.querySelector('[aria-busy=true]')");
                barriers.addAll(
                        colours == ColorScheme.LIGHT
                                ? browser.barriers(page)
                                : browser.barriers(page, "color-contrast"));
                assertThat((Boolean) page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"))
                        .as(path + " needs no scrolling sideways at " + page.viewportSize().width)
                        .isTrue();
            }
        }
        assertThat(barriers).isEmpty();
        noComplaints();
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
