package org.segmeter.security;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.DispatcherType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.segmeter.database.Tenant;
import org.springframework.mock.web.MockFilterChain;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;

/** A thread that is bound to no tenant sees all of them: which places work so is known, and no request is among them. */
class UnboundWorkTest {

    /** Classes with work that begins by itself, for every tenant; some bind the tenant of each row that they take. */
    private static final Set<String> BY_ITSELF = Set.of(
            "analytics/AlertWatch",
            "analytics/ResultColumns",
            "batch/BatchFeeder",
            "evaluation/Canary",
            "evaluation/DatabaseClock",
            "evaluation/ForgottenJobs",
            "evaluation/IdempotencyKeys",
            "evaluation/Orphans",
            "evaluation/ResultChain",
            "evaluation/Retention",
            "evaluation/RunningEvaluations",
            "evaluation/Scrub",
            "evaluation/SubmittedContent",
            "pacs/Deliveries",
            "pacs/Erasures",
            "pacs/PairFollower",
            "pacs/Seals",
            "security/ApiKeys",
            "security/AuditHead",
            "security/Sessions");

    /**
     * Classes in which a request asks for all tenants, for one question each. What ResultColumns reads for all it gives to each by its
     * tenant, which AccessTest asks from both sides. The gauges count the one queue that all share.
     */
    private static final Set<String> ON_PURPOSE = Set.of(
            "analytics/ResultColumns",
            "evaluation/EvaluationGauges",
            "evaluation/KeptContent",
            "pacs/PseudonymKey",
            "security/ApiKeys",
            "security/Sessions");

    @Test
    void everyPlaceThatWorksForAllTenantsIsKnown() throws Exception {
        Set<String> scheduled = new TreeSet<>();
        Set<String> unbound = new TreeSet<>();
        Path root = Path.of("src/main/java/org/segmeter");
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".java")).toList()) {
                String text = Files.readString(file);
                String name = root.relativize(file).toString().replace(".java", "");
                if (text.contains("@Scheduled")) {
                    scheduled.add(name);
                }
                if (text.contains("Tenant.bind(null)")) {
                    unbound.add(name);
                }
            }
        }
        assertThat(unbound).isEqualTo(new TreeSet<>(ON_PURPOSE));
        assertThat(scheduled).isEqualTo(new TreeSet<>(BY_ITSELF));
    }

    @Test
    void noThreadOfARequestSeesAllTenantsWhateverTheDispatch() throws Exception {
        for (DispatcherType type : EnumSet.of(DispatcherType.REQUEST, DispatcherType.ASYNC, DispatcherType.ERROR)) {
            MockHttpServletRequest request = new MockHttpServletRequest();
            request.setDispatcherType(type);
            assertThat(seen(request)).as("%s of nobody", type).containsExactly(Tenant.NOBODY);
            new Caller("key", Caller.Kind.KEY, "north", EnumSet.of(Role.READ)).sends(request);
            assertThat(seen(request)).as("%s of somebody", type).containsExactly("north");
        }
        assertThat(Tenant.bound()).isNull();
    }

    private static List<@Nullable String> seen(MockHttpServletRequest request) throws Exception {
        List<@Nullable String> seen = new ArrayList<>();
        new Wall().doFilter(request, new MockHttpServletResponse(), new MockFilterChain() {
            @Override
            public void doFilter(jakarta.servlet.ServletRequest in, jakarta.servlet.ServletResponse out) {
                seen.add(Tenant.bound());
            }
        });
        return seen;
    }
}
