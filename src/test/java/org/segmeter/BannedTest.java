package org.segmeter;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Ways by which input becomes code, and that this service has no use for. */
class BannedTest {

    private static JavaClasses service;

    @BeforeAll
    static void read() {
        service = new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("org.segmeter");
    }

    @Test
    void nothingIsDeserialised() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.io.ObjectInputStream")
                .orShould()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.beans.XMLDecoder")
                .check(service);
    }

    @Test
    void nothingIsInterpreted() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "javax.script..", "org.springframework.expression..", "javax.naming..", "javax.xml.transform..")
                .check(service);
    }

    @Test
    void noXmlIsRead() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("javax.xml.parsers..", "org.xml.sax..", "javax.xml.stream..")
                .check(service);
    }

    @Test
    void noClassIsLoadedByName() {
        noClasses()
                .should()
                .callMethod(Class.class, "forName", String.class)
                .orShould()
                .callMethod(Class.class, "forName", String.class, boolean.class, ClassLoader.class)
                .check(service);
    }

    /** The embedded database is a program; nothing else is. */
    @Test
    void noProgramIsStartedButTheDatabase() {
        noClasses()
                .that()
                .resideOutsideOfPackage("org.segmeter.database..")
                .should()
                .callMethod(Runtime.class, "exec", String.class)
                .orShould()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.lang.ProcessBuilder")
                .check(service);
    }
}
