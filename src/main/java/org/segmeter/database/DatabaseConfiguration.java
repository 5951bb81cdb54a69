package org.segmeter.database;

import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.core.task.TaskDecorator;

/** Connections, and the threads that answers are written by, work for the tenant of the request. */
@Configuration(proxyBeanMethods = false)
class DatabaseConfiguration {

    @Bean
    static BeanPostProcessor tenants(Environment environment) {
        return new BeanPostProcessor() {
            @Override
            public @Nullable Object postProcessAfterInitialization(Object bean, String name) {
                return bean instanceof DataSource pool && !(bean instanceof TenantDataSource)
                        ? new TenantDataSource(pool, DatabaseStart.hasLogin(environment))
                        : bean;
            }
        };
    }

    @Bean
    RowSecurity rowSecurity(Environment environment) {
        return new RowSecurity(DatabaseStart.hasLogin(environment));
    }

    @Bean
    PatientMigration patientMigration() {
        return PatientMigration.UNDER_LOAD;
    }

    @Bean
    TaskDecorator tenantOfTheRequest() {
        return Tenant::carrying;
    }
}
