package org.segmeter.security;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.ClassPathResource;
import org.springframework.http.server.PathContainer;
import org.springframework.stereotype.Component;
import org.springframework.util.function.SingletonSupplier;
import org.springframework.web.util.pattern.PathPattern;
import org.springframework.web.util.pattern.PathPatternParser;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * Which role each operation needs: {@code x-segmeter-role} of {@code openapi.yaml}, read once. What the document does not describe
 * is nobody's to use, other than the pages and files that everybody may load.
 */
@Component
public final class Routes {

    private static final Set<String> METHODS = Set.of("get", "put", "post", "delete", "patch", "head", "options");

    /** Below these nothing is open that is not described. */
    private static final Set<String> GUARDED = Set.of("api", "dicom-web", "fhir", "actuator");

    /** What Boot adds to the service, which the document of the API does not describe. */
    private static final Map<String, Need> ACTUATOR = Map.of(
            "/actuator/health", new Need.Nothing(),
            "/actuator/health/liveness", new Need.Nothing(),
            "/actuator/health/readiness", new Need.Nothing(),
            "/actuator/info", new Need.Of(Role.READ),
            "/actuator/prometheus", new Need.Of(Role.OPERATE));

    private final SingletonSupplier<List<Route>> routes = SingletonSupplier.of(Routes::read);

    /** @param parameters names of those in the query */
    private record Route(String method, PathPattern path, Need need, Set<String> parameters) {}

    /** What a request needs to be let in. */
    public sealed interface Need {
        /** Anybody may. */
        record Nothing() implements Need {}

        /** Whoever has the role. */
        record Of(Role role) implements Need {}

        /** Nobody: there is no such operation. */
        record NoSuchRoute() implements Need {}

        /** Nobody: the address has other methods. */
        record NoSuchMethod(List<String> methods) implements Need {}
    }

    /** Reads the document, if it was not read yet: where there is a login, before the first request. */
    void load() {
        routes.obtain();
    }

    private static List<Route> read() {
        Map<?, ?> document;
        try (InputStream yaml = new ClassPathResource("static/openapi.yaml").getInputStream()) {
            document = new Yaml(new SafeConstructor(new LoaderOptions())).load(yaml);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<Route> routes = new ArrayList<>();
        Map<?, ?> components = Objects.requireNonNull((Map<?, ?>) document.get("components"), "components");
        Map<?, ?> shared = Objects.requireNonNull((Map<?, ?>) components.get("parameters"), "parameters");
        Map<?, ?> paths = Objects.requireNonNull((Map<?, ?>) document.get("paths"), "paths");
        paths.forEach((path, item) -> ((Map<?, ?>) item).forEach((verb, operation) -> {
            if (METHODS.contains(String.valueOf(verb))) {
                routes.add(new Route(
                        String.valueOf(verb).toUpperCase(Locale.ROOT),
                        PathPatternParser.defaultInstance.parse(String.valueOf(path)),
                        need(((Map<?, ?>) operation).get("x-segmeter-role")),
                        parameters(shared, (Map<?, ?>) item, (Map<?, ?>) operation)));
            }
        }));
        // The more particular address first.
        routes.sort((a, b) -> a.path().compareTo(b.path()));
        return List.copyOf(routes);
    }

    private static Set<String> parameters(Map<?, ?> shared, Map<?, ?> path, Map<?, ?> operation) {
        Set<String> names = new TreeSet<>();
        for (Object list : List.of(
                Objects.requireNonNullElse(path.get("parameters"), List.of()),
                Objects.requireNonNullElse(operation.get("parameters"), List.of()))) {
            for (Object one : (List<?>) list) {
                Map<?, ?> parameter = (Map<?, ?>) one;
                if (parameter.get("$ref") instanceof String reference) {
                    String name = reference.substring(reference.lastIndexOf('/') + 1);
                    parameter = Objects.requireNonNull((Map<?, ?>) shared.get(name), name);
                }
                if ("query".equals(parameter.get("in"))) {
                    names.add(String.valueOf(parameter.get("name")));
                }
            }
        }
        return Collections.unmodifiableSet(names);
    }

    /** An operation that does not say what it needs is nobody's. */
    private static Need need(@Nullable Object word) {
        return "none".equals(word)
                ? new Need.Nothing()
                : Role.of(String.valueOf(word)).<Need>map(Need.Of::new).orElseGet(Need.NoSuchRoute::new);
    }

    Need of(HttpServletRequest request) {
        return of(request.getMethod(), request.getRequestURI());
    }

    /**
     * What a request of this method and address needs.
     *
     * @param path as it was sent
     */
    public Need of(String method, String path) {
        boolean reads = method.equals("GET") || method.equals("HEAD");
        String effective = method.equals("HEAD") ? "GET" : method;
        PathContainer container = PathContainer.parsePath(path);
        List<String> others = new ArrayList<>();
        for (Route route : routes.obtain()) {
            if (route.path().matches(container)) {
                if (route.method().equals(effective)) {
                    return route.need();
                }
                others.add(route.method());
            }
        }
        if (!others.isEmpty()) {
            return new Need.NoSuchMethod(others.stream().distinct().sorted().toList());
        }
        Need actuator = ACTUATOR.get(path);
        if (actuator != null && reads) {
            return actuator;
        }
        return reads && !GUARDED.contains(first(container)) ? new Need.Nothing() : new Need.NoSuchRoute();
    }

    /**
     * Names of the parameters that an operation has in its query, sorted.
     *
     * @param path as it was sent
     * @return empty if there is no such operation
     */
    public Optional<Set<String>> parameters(String method, String path) {
        String effective = method.equals("HEAD") ? "GET" : method;
        PathContainer container = PathContainer.parsePath(path);
        return routes.obtain().stream()
                .filter(route ->
                        route.method().equals(effective) && route.path().matches(container))
                .findFirst()
                .map(Route::parameters);
    }

    /** The first step of an address, decoded. */
    private static String first(PathContainer path) {
        return path.elements().stream()
                .filter(PathContainer.PathSegment.class::isInstance)
                .map(element ->
                        ((PathContainer.PathSegment) element).valueToMatch().toLowerCase(Locale.ROOT))
                .findFirst()
                .orElse("");
    }
}
