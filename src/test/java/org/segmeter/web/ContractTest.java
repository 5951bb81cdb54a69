package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;
import org.yaml.snakeyaml.Yaml;
import tools.jackson.databind.node.ObjectNode;

/** {@code openapi.yaml} describes what runs, and a mistake in either is noticed. */
class ContractTest {

    @Test
    void theDocumentAndTheRunningRoutesAreTheSame() throws Exception {
        Set<String> running = new TreeSet<>();
        Service.shared()
                .bean("requestMappingHandlerMapping", RequestMappingHandlerMapping.class)
                .getHandlerMethods()
                .forEach((mapping, handler) -> {
                    if (handler.getBeanType().getPackageName().startsWith("org.segmeter")
                            && handler.getBeanType() != ContainerErrors.class) {
                        mapping.getPatternValues()
                                .forEach(path -> mapping.getMethodsCondition()
                                        .getMethods()
                                        .forEach(method -> running.add(method + " " + path)));
                    }
                });
        Set<String> described = new TreeSet<>();
        Map<String, Map<String, Map<String, Object>>> document = new Yaml().load(Contract.document());
        document.get("paths")
                .forEach((path, item) -> item.forEach((verb, operation) -> {
                    if (!verb.equals("parameters")) {
                        described.add(verb.toUpperCase(Locale.ROOT) + " " + path);
                    }
                }));
        assertThat(running).hasSizeGreaterThan(10).isEqualTo(described);
    }

    @Test
    void theServedDocumentIsTheOneInTheRepository() throws Exception {
        assertThat(Service.shared().api().get("/openapi.yaml").expect(200).text())
                .isEqualTo(Contract.document());
    }

    @Test
    void anAnswerOrADocumentThatIsChangedIsNoticed() throws Exception {
        Api api = Service.shared().api();
        Contract.Exchange real = api.post(Api.pair("")).expect(202).exchange();
        String document = Contract.document();
        assertThat(Contract.of(document).objections(real, true)).isEmpty();

        ObjectNode changed = (ObjectNode) Api.JSON.readTree(real.text());
        changed.remove("state");
        assertThat(Contract.of(document).objections(with(real, changed, 202), true))
                .isNotEmpty();
        changed = (ObjectNode) Api.JSON.readTree(real.text());
        changed.put("surprise", 1);
        assertThat(Contract.of(document).objections(with(real, changed, 202), true))
                .isNotEmpty();
        changed = (ObjectNode) Api.JSON.readTree(real.text());
        changed.put("attempt", "none");
        assertThat(Contract.of(document).objections(with(real, changed, 202), true))
                .isNotEmpty();
        assertThat(Contract.of(document).objections(with(real, Api.JSON.readTree(real.text()), 299), true))
                .isNotEmpty();
        Contract.Exchange elsewhere = new Contract.Exchange(
                "GET", URI.create("/api/v1/evaluation"), Map.of(), null, 200, real.headers(), real.body());
        assertThat(Contract.of(document).objections(elsewhere, true)).isNotEmpty();

        for (List<String> mutation : List.of(
                List.of("enum: [QUEUED, ", "enum: ["),
                List.of("required: [id, state, createdAt, attempt, protocols, links]", "required: [finishedAt]"),
                List.of("attempt: { type: integer", "attempt: { type: string"),
                List.of(
                        "        '202':\n          description: Accepted",
                        "        '203':\n          description: Accepted"),
                List.of("  /api/v1/evaluations:\n", "  /api/v2/evaluations:\n"))) {
            String mutant = document.replace(mutation.getFirst(), mutation.getLast());
            assertThat(mutant).as("the mutation hits").isNotEqualTo(document);
            assertThat(Contract.of(mutant).objections(real, true))
                    .as(mutation.getFirst())
                    .isNotEmpty();
        }
    }

    private static Contract.Exchange with(Contract.Exchange real, tools.jackson.databind.JsonNode body, int status) {
        return new Contract.Exchange(
                real.method(),
                real.uri(),
                real.requestHeaders(),
                real.requestText(),
                status,
                real.headers(),
                body.toString().getBytes(StandardCharsets.UTF_8));
    }
}
